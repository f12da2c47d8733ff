#include <stddef.h>
#include <stdint.h>

/* Takes so many blocks of 64 bytes into the state. The constants are the 64 of SHA-256, which the TypeScript computes. */
void sha256_compress(uint32_t state[8], const uint32_t constants[64], const uint8_t *bytes, size_t count);
