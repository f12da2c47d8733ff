/*
 * Takes the agent's own bytecode out of the form that scripts/micro/pack.js has given it: the block format of LZ4. Stays within
 * both buffers, whatever it reads.
 */
#include <string.h>

#include "unpack.h"

enum { HALF_LIMIT = 15, SHORTEST_MATCH = 4 };

/* A length of which the token has said so much; what is left of the input says the rest, where that is all of a half. */
static size_t take_length(const uint8_t **next, const uint8_t *end, size_t length)
{
    uint8_t more = length == HALF_LIMIT ? 255 : 0;

    while (more == 255 && *next < end) {
        more = *(*next)++;
        length += more;
    }
    return length;
}

int unpack(const uint8_t *packed, size_t packed_length, uint8_t *output, size_t length)
{
    const uint8_t *end = packed + packed_length;
    size_t at = 0;

    while (packed < end) {
        uint8_t token = *packed++;
        size_t count = take_length(&packed, end, token >> 4), distance;
        if (count > (size_t)(end - packed) || count > length - at)
            return -1;
        memcpy(output + at, packed, count);
        packed += count;
        at += count;
        if (end - packed < 2)
            break;
        distance = (size_t)(packed[0] | packed[1] << 8);
        packed += 2;
        count = take_length(&packed, end, token & HALF_LIMIT) + SHORTEST_MATCH;
        if (distance == 0 || distance > at || count > length - at)
            return -1;
        for (; count > 0; count--, at++)
            output[at] = output[at - distance];
    }
    return packed == end && at == length ? 0 : -1;
}
