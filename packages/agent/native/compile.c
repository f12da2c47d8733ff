/*
 * Compiles a part of the program to the engine's bytecode: compile INPUT.js OUTPUT NAME, where NAME is that by which other
 * parts import it. Runs on the machine that builds; the bytecode is the
 * same for every processor, and good only for the engine's version that this program is linked with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "quickjs.h"

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t size = 0;

    *length = 0;
    if (file == NULL)
        return NULL;
    for (;;) {
        if (size - *length < 2) {
            size = 2 * size + 65536;
            text = realloc(text, size);
            if (text == NULL)
                break;
        }
        size_t count = fread(text + *length, 1, size - *length - 1, file);
        if (count == 0)
            break;
        *length += count;
    }
    fclose(file);
    if (text != NULL)
        text[*length] = '\0';
    return text;
}

static int report_exception(JSContext *context, const char *path)
{
    JSValue exception = JS_GetException(context);
    const char *message = JS_ToCString(context, exception);

    fprintf(stderr, "compile %s: %s\n", path, message == NULL ? "?" : message);
    return 1;
}

/* Another part: it is there when the program runs. */
static JSModuleDef *find_part(JSContext *context, const char *name, void *opaque)
{
    (void)opaque;
    return JS_NewCModule(context, name, NULL);
}

int main(int argc, char **argv)
{
    JSRuntime *runtime = JS_NewRuntime();
    JSContext *context = runtime == NULL ? NULL : JS_NewContext(runtime);
    size_t length, size;
    char *text;
    uint8_t *bytecode;
    JSValue function;
    FILE *output;

    if (argc != 4 || context == NULL) {
        fprintf(stderr, "usage: compile INPUT.js OUTPUT NAME\n");
        return 1;
    }
    text = read_file(argv[1], &length);
    if (text == NULL) {
        perror(argv[1]);
        return 1;
    }
    JS_SetModuleLoaderFunc(runtime, NULL, find_part, NULL);
    JS_SetStripInfo(runtime, JS_STRIP_SOURCE | JS_STRIP_DEBUG);
    function = JS_Eval(context, text, length, argv[3], JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(function))
        return report_exception(context, argv[1]);
    bytecode = JS_WriteObject(context, &size, function, JS_WRITE_OBJ_BYTECODE);
    if (bytecode == NULL)
        return report_exception(context, argv[1]);
    output = fopen(argv[2], "wb");
    if (output == NULL || fwrite(bytecode, 1, size, output) != size || fclose(output) != 0) {
        perror(argv[2]);
        return 1;
    }
    return 0;
}
