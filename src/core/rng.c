/* Random numbers that depend only on their purpose.
 *
 * A stream is SplitMix64 (Steele, Lea, Flood 2014): its n-th number is mix(state + n * golden), where mix is a
 * bijection of 64 bits in which each output bit depends on each input bit. The start of a stream is a hash of four
 * numbers, so that a stream can begin anywhere (this sample of this step) without drawing the numbers before.
 *
 * edgel_hash_at() of core_priv.h is for masks: 32 bits for each index, without a stream; compilers vectorise it. */
#include "core/core_priv.h"
#include <math.h>

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static const uint64_t golden = 0x9e3779b97f4a7c15; /* 2^64 / golden ratio, odd */

uint64_t edgel_hash(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    uint64_t h = mix(seed + golden);
    h = mix((h ^ a) + golden);
    h = mix((h ^ b) + golden);
    return mix((h ^ c) + golden);
}

struct edgel_rng edgel_rng_seed(uint64_t seed, uint64_t a, uint64_t b, uint64_t c)
{
    return (struct edgel_rng){ edgel_hash(seed, a, b, c) };
}

uint64_t edgel_rng_next(struct edgel_rng *r)
{
    return mix(r->state += golden);
}

double edgel_rng_uniform(struct edgel_rng *r)
{
    return (double)(edgel_rng_next(r) >> 11) * 0x1p-53;
}

/* Draws numbers with as many bits as n - 1 until one is below n: at most two draws on average. */
uint64_t edgel_rng_below(struct edgel_rng *r, uint64_t n)
{
    uint64_t mask = n - 1;
    for (int shift = 1; shift < 64; shift *= 2)
        mask |= mask >> shift;
    uint64_t v;
    do
        v = edgel_rng_next(r) & mask;
    while (v >= n);
    return v;
}

/* Box and Muller; 1 - u is in (0, 1]. The second number of the pair is dropped, so that the state is one number. */
double edgel_rng_normal(struct edgel_rng *r)
{
    const double radius = sqrt(-2 * edgel_ln(1 - edgel_rng_uniform(r)));
    return radius * edgel_cos(6.283185307179586 * edgel_rng_uniform(r));
}
