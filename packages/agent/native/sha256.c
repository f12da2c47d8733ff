/*
 * SHA-256's compression of blocks (FIPS 180-4, section 6.2.2), by which messages are authenticated: the one thing that the
 * TypeScript can do by itself, but takes forty times as long for.
 */
#include <stdint.h>
#include <string.h>

#include "sha256.h"

enum { BLOCK_SIZE = 64, ROUNDS = 64 };

static uint32_t rotate(uint32_t value, int bits)
{
    return value >> bits | value << (32 - bits);
}

static void expand_schedule(uint32_t schedule[ROUNDS], const uint8_t *block)
{
    for (int i = 0; i < 16; i++, block += 4)
        schedule[i] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3];
    for (int i = 16; i < ROUNDS; i++) {
        uint32_t older = schedule[i - 15], newer = schedule[i - 2];
        uint32_t sigma0 = rotate(older, 7) ^ rotate(older, 18) ^ older >> 3;
        uint32_t sigma1 = rotate(newer, 17) ^ rotate(newer, 19) ^ newer >> 10;
        schedule[i] = schedule[i - 16] + sigma0 + schedule[i - 7] + sigma1;
    }
}

void sha256_compress(uint32_t state[8], const uint32_t constants[ROUNDS], const uint8_t *bytes, size_t count)
{
    uint32_t schedule[ROUNDS];

    for (; count > 0; count--, bytes += BLOCK_SIZE) {
        uint32_t word[8];

        memcpy(word, state, sizeof(word));
        expand_schedule(schedule, bytes);
        for (int round = 0; round < ROUNDS; round++) {
            uint32_t a = word[0], e = word[4];
            uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
            uint32_t choice = (e & word[5]) ^ (~e & word[6]);
            uint32_t first = word[7] + sum1 + choice + constants[round] + schedule[round];
            uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
            uint32_t majority = (a & word[1]) ^ (a & word[2]) ^ (word[1] & word[2]);

            memmove(word + 1, word, 7 * sizeof(word[0]));
            word[4] += first;
            word[0] = first + sum0 + majority;
        }
        for (int i = 0; i < 8; i++)
            state[i] += word[i];
    }
}
