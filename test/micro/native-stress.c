/*
 * Takes, resizes and frees memory of heap.c's at random, with every byte's value known, and feeds unpack.c with noise: to be
 * compiled with sanitizers. Exits with 1 where a byte is not what was written there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "unpack.h"

enum { BLOCKS = 4000, STEPS = 400000, NOISE = 20000 };

static JSMallocFunctions heap;
static uint32_t seed = 1;

JSRuntime *JS_NewRuntime2(const JSMallocFunctions *functions, void *opaque)
{
    (void)opaque;
    heap = *functions;
    return NULL;
}

static uint32_t below(uint32_t limit)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % limit;
}

/* Small most of the time, as the engine's are. */
static size_t some_size(void)
{
    return 1 + below(below(10) == 0 ? 5000 : 600);
}

static void check(const uint8_t *bytes, size_t size, uint8_t value)
{
    for (size_t index = 0; index < size; index++) {
        if (bytes[index] != value) {
            printf("byte %zu of %zu is %d, not %d\n", index, size, bytes[index], value);
            exit(1);
        }
    }
}

static void stress_heap(void)
{
    static struct { uint8_t *bytes; size_t size; } blocks[BLOCKS];
    JSMallocState state = { 0 };

    for (uint32_t step = 0; step < STEPS; step++) {
        /* Waves: nearly all of it is free now and then. */
        uint32_t index = below(step / (STEPS / 8) % 2 == 0 ? BLOCKS : BLOCKS / 50);
        size_t size = below(3) == 0 ? 0 : some_size(), before = blocks[index].size;
        uint8_t *bytes = blocks[index].bytes;

        check(bytes, before, (uint8_t)index);
        bytes = before == 0 && size > 0 ? heap.js_malloc(&state, size) : heap.js_realloc(&state, bytes, size);
        check(bytes, before < size ? before : size, (uint8_t)index);
        if (size > 0) {
            if ((uintptr_t)bytes % 8 != 0 || heap.js_malloc_usable_size(bytes) < size)
                exit(1);
            memset(bytes, (int)index, size);
        }
        blocks[index].bytes = bytes;
        blocks[index].size = size;
    }
    for (uint32_t index = 0; index < BLOCKS; index++)
        heap.js_free(&state, blocks[index].bytes);
    if (state.malloc_count != 0 || state.malloc_size != 0) {
        printf("%zu blocks and %zu bytes are left\n", state.malloc_count, state.malloc_size);
        exit(1);
    }
}

static void stress_unpack(void)
{
    for (uint32_t round = 0; round < NOISE; round++) {
        size_t packed_size = below(200), size = below(500);
        /* Of exactly that size, so that one byte too many is seen. */
        uint8_t *packed = malloc(packed_size), *output = malloc(size);
        for (size_t index = 0; index < packed_size; index++)
            packed[index] = (uint8_t)below(below(2) == 0 ? 256 : 20);
        unpack(packed, packed_size, output, size);
        free(packed);
        free(output);
    }
}

int main(void)
{
    new_runtime();
    stress_heap();
    stress_unpack();
    return 0;
}
