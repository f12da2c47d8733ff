/*
 * Takes the agent's own bytecode out of the form that scripts/micro/pack.js has given it: literals and matches with what came
 * before (LZ77), in bits that a range coder read by how often each came out so far in its context. Stays within both buffers,
 * whatever it reads.
 */
#include <stdlib.h>

#include "unpack.h"

enum {
    IS_MATCH = 0,
    IS_REPEATED = 2,
    LENGTH = 4,
    DISTANCE_BITS = LENGTH + 2 * 256,
    DISTANCE = DISTANCE_BITS + 4 * 32,
    LITERAL = DISTANCE + 32 * 64,
    ODDS = LITERAL + 16 * 256,
    SHORTEST_MATCH = 2,
};

struct reader {
    const uint8_t *next, *end;
    uint32_t range, code;
    /* That the next bit of this context is 0, in 2048ths. */
    uint16_t odds[ODDS];
};

static int take_bit(struct reader *reader, int context)
{
    uint16_t *odds = &reader->odds[context];
    uint32_t bound = (reader->range >> 11) * *odds;
    int bit = reader->code >= bound;

    if (bit) {
        reader->code -= bound;
        reader->range -= bound;
        *odds -= *odds >> 5;
    } else {
        reader->range = bound;
        *odds += (2048 - *odds) >> 5;
    }
    while (reader->range < 1u << 24) {
        reader->range <<= 8;
        reader->code = reader->code << 8 | (reader->next < reader->end ? *reader->next++ : 0);
    }
    return bit;
}

static int take_tree(struct reader *reader, int base, int count)
{
    int node = 1;

    for (int index = 0; index < count; index++)
        node = node << 1 | take_bit(reader, base + node);
    return node - (1 << count);
}

static size_t take_distance(struct reader *reader, int length)
{
    int class = length - SHORTEST_MATCH < 3 ? length - SHORTEST_MATCH : 3;
    int bits = take_tree(reader, DISTANCE_BITS + class * 32, 5);
    uint32_t node = 1;

    for (int index = bits - 1; index >= 0; index--)
        node = node << 1 | (uint32_t)take_bit(reader, DISTANCE + bits * 64 + (node < 32 ? (int)node : 32 + index));
    return node;
}

int unpack(const uint8_t *packed, size_t packed_length, uint8_t *output, size_t length)
{
    struct reader *reader = malloc(sizeof(*reader));
    size_t at = 0, distance = 1;
    int was_match = 0;

    if (reader == NULL || packed_length < 4) {
        free(reader);
        return -1;
    }
    *reader = (struct reader){ .next = packed + 4, .end = packed + packed_length, .range = UINT32_MAX };
    for (int index = 0; index < 4; index++)
        reader->code = reader->code << 8 | packed[index];
    for (int index = 0; index < ODDS; index++)
        reader->odds[index] = 1024;
    while (at < length) {
        if (take_bit(reader, IS_MATCH + was_match)) {
            int is_repeated = take_bit(reader, IS_REPEATED + was_match);
            int count = SHORTEST_MATCH + take_tree(reader, LENGTH + is_repeated * 256, 8);
            if (!is_repeated)
                distance = take_distance(reader, count);
            if (distance > at || (size_t)count > length - at)
                break;
            for (; count > 0; count--, at++)
                output[at] = output[at - distance];
            was_match = 1;
        } else {
            int context = at == 0 ? 0 : output[at - 1] >> 4;
            output[at++] = (uint8_t)take_tree(reader, LITERAL + context * 256, 8);
            was_match = 0;
        }
    }
    free(reader);
    return at == length ? 0 : -1;
}
