/* The one random generator of the tests: SplitMix64 (Steele, Lea, Flood 2014), the same numbers on every machine. The
 * state is the caller's; any value starts a sequence of its own. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

/* 64 random bits. */
static inline uint64_t random_bits(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* The upper 32 of them. */
static inline uint32_t random_word(uint64_t *state)
{
    return (uint32_t)(random_bits(state) >> 32);
}

/* 0..n-1, n > 0. Small n: the bias is of the order of n / 2^32. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    return random_word(state) % n;
}

#endif
