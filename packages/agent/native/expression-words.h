/*
 * For the engine's libregexp.c, on processors with the other byte order than the machine that made the bytecode: the
 * engine turns the words of functions round, but not those of regular expressions. Here these are little-endian on both.
 */
#include "cutils.h"

static inline uint16_t little16(const uint8_t *bytes)
{
    return bytes[0] | bytes[1] << 8;
}

static inline uint32_t little32(const uint8_t *bytes)
{
    return little16(bytes) | (uint32_t)little16(bytes + 2) << 16;
}

static inline void put_little32(uint8_t *bytes, uint32_t word)
{
    put_u32(bytes, __builtin_bswap32(word));
}

#define get_u16(bytes) little16(bytes)
#define get_u32(bytes) little32(bytes)
#define put_u32(bytes, word) put_little32(bytes, word)
#define dbuf_put_u16(buffer, word) dbuf_put_u16(buffer, __builtin_bswap16(word))
#define dbuf_put_u32(buffer, word) dbuf_put_u32(buffer, __builtin_bswap32(word))
