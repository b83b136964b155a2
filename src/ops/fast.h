/* Floor 3. e^x and its kin for float, without branches and calls, so that loops over them become vector code. Within 3
 * units of the last place (softplus 5); infinities and NaN go through as in libm. */
#ifndef ONNXSH_OPS_FAST_H
#define ONNXSH_OPS_FAST_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Before a function with such a loop: compiled a second time for processors with vectors of 8 floats. The numbers are
 * the same, for nothing is fused. */
#if defined __x86_64__ && defined __GLIBC__ && defined __GNUC__ && !defined __clang__ && !defined __SANITIZE_ADDRESS__
#define OX__WIDE __attribute__((target_clones("avx2", "default")))
#else
#define OX__WIDE
#endif

/* 2^k * e^r with |r| <= ln(2)/2; the power in two factors, so that large k overflow and small ones round as they
 * should. */
static inline float ox__fast_exp(float x)
{
    float c = x < -104.0f ? -104.0f : x, t, k, r, p, low, high;
    uint32_t bits;
    c = c > 89.0f ? 89.0f : c;
    t = c * 1.44269504f + 12582912.0f; /* the nearest integer, in the low bits */
    memcpy(&bits, &t, sizeof bits);
    bits -= 0x4B400000u;
    k = t - 12582912.0f;
    r = (c - k * 0.693359375f) + k * 2.12194440e-4f;
    p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    uint32_t half = (uint32_t)((int32_t)bits >> 1), a = (half + 127) << 23, b = (bits - half + 127) << 23;
    memcpy(&low, &a, sizeof low);
    memcpy(&high, &b, sizeof high);
    return p * low * high;
}

/* To the nearest even: an addition that leaves no room for fractions. Larger numbers have none. */
static inline float ox__fast_round(float x)
{
    float y = x < 0 ? -x : x, r = (y + 8388608.0f) - 8388608.0f;
    r = y < 8388608.0f ? r : y;
    return copysignf(r, x);
}

/* An odd polynomial where e^2x would lose the digits of x. */
static inline float ox__fast_tanh(float x)
{
    float y = x < 0 ? -x : x, s = x * x, p = -5.70498872745e-3f;
    p = p * s + 2.06390887954e-2f;
    p = p * s - 5.37397155531e-2f;
    p = p * s + 1.33314422036e-1f;
    p = p * s - 3.33332819422e-1f;
    p = p * s * x + x;
    float big = 1 - 2 / (ox__fast_exp(2 * y) + 1);
    big = x < 0 ? -big : big;
    return y < 0.625f ? p : big;
}

static inline float ox__fast_sigmoid(float x)
{
    return 1 / (1 + ox__fast_exp(-x));
}

/* e^x - 1 of x <= 0. */
static inline float ox__fast_expm1(float x)
{
    float t = ox__fast_tanh(x * 0.5f);
    return 2 * t / (1 - t);
}

/* An odd polynomial below 1; above, e^-x^2 times a polynomial in 1/x^2, one to 2 and one beyond. */
static inline float ox__fast_erf(float x)
{
    float y = x < 0 ? -x : x, s = x * x, q = 1 / (y > 1 ? y : 1), w = q * q;
    float a = 7.853861353153693e-5f, p = 2.326819970068386e-2f, r = -1.047766399936249e+1f;
    a = a * s - 8.010193625184903e-4f;
    a = a * s + 5.188327685732524e-3f;
    a = a * s - 2.685381193529856e-2f;
    a = a * s + 1.128358514861418e-1f;
    a = a * s - 3.761262582423300e-1f;
    a = a * s + 1.128379165726710f;
    p = p * w - 1.387039388740657e-1f;
    p = p * w + 3.687424674597105e-1f;
    p = p * w - 5.824733027278666e-1f;
    p = p * w + 6.210004621745983e-1f;
    p = p * w - 4.944515323274145e-1f;
    p = p * w + 3.404879937665872e-1f;
    p = p * w - 2.741127028184656e-1f;
    p = p * w + 5.638259427386472e-1f;
    r = r * w + 1.297719955372516e+1f;
    r = r * w - 7.495518717768503f;
    r = r * w + 2.921019019210786f;
    r = r * w - 1.015265279202700f;
    r = r * w + 4.218463358204948e-1f;
    r = r * w - 2.820767439740514e-1f;
    r = r * w + 5.641895067754075e-1f;
    float big = 1 - ox__fast_exp(-s) * q * (y < 2 ? p : r);
    big = x < 0 ? -big : big;
    return y < 1 ? x * a : big;
}

/* log(1 + e^x): with u = e^-|x|, log(1 + u) is the series of 2 atanh(u / (2 + u)). */
static inline float ox__fast_softplus(float x)
{
    float u = ox__fast_exp(x < 0 ? x : -x), s = u / (2 + u), w = s * s, p = 1.0f / 15;
    p = p * w + 1.0f / 13;
    p = p * w + 1.0f / 11;
    p = p * w + 1.0f / 9;
    p = p * w + 1.0f / 7;
    p = p * w + 1.0f / 5;
    p = p * w + 1.0f / 3;
    return (x > 0 ? x : 0) + (2 * s + 2 * s * w * p);
}

#endif
