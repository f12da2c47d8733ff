/*
 * The micro agent's native layer: what its TypeScript cannot do by itself. System calls by number, the addresses of
 * buffers, memory maps as ArrayBuffers that go with their mapping, and the loop that takes one tick after the other.
 * Nothing here knows what a system call is for, and no byte from outside is looked at.
 *
 * The TypeScript sees it as the global `native`, which packages/agent/src/system/micro/native.ts describes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap.h"
#include "quickjs.h"
#include "sha256.h"
#include "unpack.h"

/*
 * Engine bytecode of the TypeScript, in parts that import each other by number, the first of which is the program. Of each:
 * its packed size and its size, both in four bytes with the lowest first, and the packed bytes.
 */
__asm__(".section .rodata\n"
        ".balign 8\n"
        ".globl parts_start\n"
        "parts_start:\n"
        ".incbin \"" PARTS_FILE "\"\n"
        ".globl parts_end\n"
        "parts_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const uint8_t parts_start[], parts_end[];

enum { MAX_WORDS = 7 };

static JSValue tick_function, rejection_handler;

/* The first byte of an ArrayBuffer's view; NULL with an exception when it is none, or has been unmapped. */
static uint8_t *view_address(JSContext *context, JSValueConst view)
{
    size_t offset, length, size;
    JSValue buffer = JS_GetTypedArrayBuffer(context, view, &offset, &length, NULL);
    uint8_t *bytes;

    if (JS_IsException(buffer))
        return NULL;
    bytes = JS_GetArrayBuffer(context, &size, buffer);
    /* The view itself keeps the buffer. */
    JS_FreeValue(context, buffer);
    return bytes == NULL ? NULL : bytes + offset;
}

/* A number, a bigint or the address of a view, as a machine word. */
static int to_word(JSContext *context, JSValueConst value, long *word)
{
    int64_t integer;

    if (JS_IsObject(value)) {
        uint8_t *address = view_address(context, value);
        *word = (long)address;
        return address == NULL ? -1 : 0;
    }
    if (JS_ToInt64Ext(context, &integer, value))
        return -1;
    *word = (long)integer;
    return 0;
}

/* A function that the TypeScript calls. */
#define NATIVE(name)                                                                                         \
    static JSValue name(JSContext *context, __attribute__((unused)) JSValueConst this_value,                 \
                        __attribute__((unused)) int count, JSValueConst *values)

/* syscall(number, ...arguments): the result, or the negated errno. */
NATIVE(native_syscall)
{
    long words[MAX_WORDS] = { 0 };
    long result;

    if (count > MAX_WORDS)
        return JS_ThrowRangeError(context, "a system call has six arguments at most");
    for (int i = 0; i < count; i++) {
        if (to_word(context, values[i], &words[i]))
            return JS_EXCEPTION;
    }
    result = syscall(words[0], words[1], words[2], words[3], words[4], words[5], words[6]);
    return JS_NewInt64(context, result == -1 ? -errno : result);
}

/* addressOf(view): a bigint. Buffers do not move as long as something refers to them. */
NATIVE(native_address_of)
{
    uint8_t *address = view_address(context, values[0]);

    return address == NULL ? JS_EXCEPTION : JS_NewBigUint64(context, (uintptr_t)address);
}

/* Called when a buffer is unmapped and again when it is collected, then without an address. */
static void free_mapping(JSRuntime *runtime, void *length, void *address)
{
    (void)runtime;
    if (address != NULL)
        munmap(address, (size_t)length);
}

/* map(length, protection, flags, fd, offset): an ArrayBuffer on the mapping itself, or the negated errno. */
NATIVE(native_map)
{
    int64_t length, offset;
    int32_t protection, flags, fd;
    void *address;
    JSValue buffer;

    if (JS_ToInt64(context, &length, values[0]) || JS_ToInt32(context, &protection, values[1]) ||
        JS_ToInt32(context, &flags, values[2]) || JS_ToInt32(context, &fd, values[3]) ||
        JS_ToInt64(context, &offset, values[4]))
        return JS_EXCEPTION;
    address = mmap(NULL, (size_t)length, protection, flags, fd, (off_t)offset);
    if (address == MAP_FAILED)
        return JS_NewInt32(context, -errno);
    buffer = JS_NewArrayBuffer(context, address, (size_t)length, free_mapping, (void *)(size_t)length, 0);
    if (JS_IsException(buffer))
        munmap(address, (size_t)length);
    return buffer;
}

/* unmap(buffer): its views are empty from here on. */
NATIVE(native_unmap)
{
    JS_DetachArrayBuffer(context, values[0]);
    return JS_UNDEFINED;
}

/* compressBlocks(state, constants, bytes, count): so many whole blocks from the start of a view, into the state of SHA-256. */
NATIVE(native_compress_blocks)
{
    uint8_t *state = view_address(context, values[0]);
    uint8_t *constants = view_address(context, values[1]);
    uint8_t *bytes = view_address(context, values[2]);
    uint32_t blocks;

    if (state == NULL || constants == NULL || bytes == NULL || JS_ToUint32(context, &blocks, values[3]))
        return JS_EXCEPTION;
    sha256_compress((uint32_t *)state, (const uint32_t *)constants, bytes, blocks);
    return JS_UNDEFINED;
}

/* setTick(function): what the loop calls, again and again; the one before is forgotten. */
NATIVE(native_set_tick)
{
    JS_FreeValue(context, tick_function);
    tick_function = JS_DupValue(context, values[0]);
    return JS_UNDEFINED;
}

/* setRejectionHandler(function): called with a promise that was rejected, the reason, and whether anyone handles it. */
NATIVE(native_set_rejection_handler)
{
    JS_FreeValue(context, rejection_handler);
    rejection_handler = JS_DupValue(context, values[0]);
    return JS_UNDEFINED;
}

/* Writes an exception nobody has caught to standard error. */
static int report_exception(JSContext *context)
{
    JSValue exception = JS_GetException(context);
    JSValue stack = JS_GetPropertyStr(context, exception, "stack");
    const char *message = JS_ToCString(context, exception);
    const char *trace = JS_IsString(stack) ? JS_ToCString(context, stack) : NULL;

    dprintf(STDERR_FILENO, "sonde-agent: internal error: %s\n%s", message == NULL ? "?" : message,
            trace == NULL ? "" : trace);
    return 1;
}

static void on_rejection(JSContext *context, JSValueConst promise, JSValueConst reason, JS_BOOL is_handled,
                         void *opaque)
{
    JSValueConst arguments[] = { promise, reason, is_handled ? JS_TRUE : JS_FALSE };
    JSValue result;

    (void)opaque;
    if (!JS_IsFunction(context, rejection_handler))
        return;
    result = JS_Call(context, rejection_handler, JS_UNDEFINED, 3, arguments);
    if (JS_IsException(result))
        report_exception(context);
    JS_FreeValue(context, result);
}

/* Runs what has been promised, until nothing is left that can run now. */
static int run_jobs(JSRuntime *runtime)
{
    JSContext *context;
    int status;

    while ((status = JS_ExecutePendingJob(runtime, &context)) > 0)
        ;
    return status < 0 ? report_exception(context) : 0;
}

/* The language without eval, the parser behind it, and what the agent does not use (Date, Proxy, WeakRef). */
static JSContext *new_context(JSRuntime *runtime)
{
    JSContext *context = JS_NewContextRaw(runtime);

    if (context == NULL)
        return NULL;
    JS_AddIntrinsicBaseObjects(context);
    JS_AddIntrinsicRegExp(context);
    JS_AddIntrinsicJSON(context);
    JS_AddIntrinsicMapSet(context);
    JS_AddIntrinsicTypedArrays(context);
    JS_AddIntrinsicPromise(context);
    return context;
}

/* Lets go of the packed bytecode's pages, which are in the file as well. */
static void release_packed(void)
{
    uintptr_t mask = (uintptr_t)sysconf(_SC_PAGESIZE) - 1;
    uintptr_t start = ((uintptr_t)parts_start + mask) & ~mask;
    uintptr_t end = (uintptr_t)parts_end & ~mask;

    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}

static size_t read_size(const uint8_t *bytes)
{
    return (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
}

/* A part as a module that has not run; its packed form is done with from here on. */
static JSValue read_part(JSContext *context, const char *name)
{
    const uint8_t *at = parts_start;
    size_t packed_size, size;
    uint8_t *bytecode;
    JSValue module;

    for (long index = strtol(name, NULL, 10); index > 0 && at < parts_end; index--)
        at += 8 + read_size(at);
    if (at >= parts_end)
        return JS_ThrowReferenceError(context, "there is no part %s", name);
    packed_size = read_size(at);
    size = read_size(at + 4);
    bytecode = malloc(size);
    if (bytecode == NULL || unpack(at + 8, packed_size, bytecode, size))
        module = JS_ThrowOutOfMemory(context);
    else
        module = JS_ReadObject(context, bytecode, size, JS_READ_OBJ_BYTECODE);
    free(bytecode);
    release_packed();
    return module;
}

/* Called for a part that another one imports, and that is not there yet. */
static JSModuleDef *import_part(JSContext *context, const char *name, void *opaque)
{
    JSValue module = read_part(context, name);

    (void)opaque;
    if (JS_IsException(module))
        return NULL;
    /* The context keeps it. */
    JS_FreeValue(context, module);
    return JS_VALUE_GET_PTR(module);
}

/* Runs a part, which nobody has imported before: what it exports. */
static JSValue run_part(JSContext *context, const char *name)
{
    JSValue module = read_part(context, name);
    JSModuleDef *definition;
    JSValue result;

    if (JS_IsException(module))
        return module;
    definition = JS_VALUE_GET_PTR(module);
    if (JS_ResolveModule(context, module) < 0) {
        JS_FreeValue(context, module);
        return JS_EXCEPTION;
    }
    result = JS_EvalFunction(context, module);
    if (JS_PromiseState(context, result) == JS_PROMISE_REJECTED) {
        JS_Throw(context, JS_PromiseResult(context, result));
        JS_FreeValue(context, result);
        return JS_EXCEPTION;
    }
    if (JS_IsException(result))
        return result;
    JS_FreeValue(context, result);
    return JS_GetModuleNamespace(context, definition);
}

/* load(part): what it exports. */
NATIVE(native_load)
{
    const char *name = JS_ToCString(context, values[0]);
    JSValue exports = name == NULL ? JS_EXCEPTION : run_part(context, name);

    JS_FreeCString(context, name);
    return exports;
}

static const JSCFunctionListEntry native_functions[] = {
    JS_CFUNC_DEF("syscall", MAX_WORDS, native_syscall),
    JS_CFUNC_DEF("addressOf", 1, native_address_of),
    JS_CFUNC_DEF("map", 5, native_map),
    JS_CFUNC_DEF("unmap", 1, native_unmap),
    JS_CFUNC_DEF("compressBlocks", 4, native_compress_blocks),
    JS_CFUNC_DEF("load", 1, native_load),
    JS_CFUNC_DEF("setTick", 1, native_set_tick),
    JS_CFUNC_DEF("setRejectionHandler", 1, native_set_rejection_handler),
    JS_PROP_STRING_DEF("architecture", ARCHITECTURE, JS_PROP_ENUMERABLE),
    JS_PROP_INT32_DEF("pointerSize", sizeof(void *), JS_PROP_ENUMERABLE),
};

static void define_native(JSContext *context, int argc, char **argv)
{
    JSValue global = JS_GetGlobalObject(context);
    JSValue native = JS_NewObject(context);
    JSValue arguments = JS_NewArray(context);

    for (int i = 1; i < argc; i++)
        JS_SetPropertyUint32(context, arguments, (uint32_t)(i - 1), JS_NewString(context, argv[i]));
    JS_SetPropertyFunctionList(context, native, native_functions,
                               sizeof(native_functions) / sizeof(native_functions[0]));
    JS_SetPropertyStr(context, native, "arguments", arguments);
    JS_SetPropertyStr(context, global, "native", native);
    JS_FreeValue(context, global);
}

int main(int argc, char **argv)
{
    JSRuntime *runtime = new_runtime();
    JSContext *context = runtime == NULL ? NULL : new_context(runtime);
    JSValue result;

    tick_function = rejection_handler = JS_UNDEFINED;
    if (context == NULL) {
        dprintf(STDERR_FILENO, "sonde-agent: not enough memory to start\n");
        return 1;
    }
    JS_SetHostPromiseRejectionTracker(runtime, on_rejection, NULL);
    define_native(context, argc, argv);
    JS_SetModuleLoaderFunc(runtime, NULL, import_part, NULL);
    result = run_part(context, "0");
    for (;;) {
        if (JS_IsException(result))
            return report_exception(context);
        JS_FreeValue(context, result);
        if (run_jobs(runtime))
            return 1;
        if (!JS_IsFunction(context, tick_function))
            return 0;
        result = JS_Call(context, tick_function, JS_UNDEFINED, 0, NULL);
    }
}
