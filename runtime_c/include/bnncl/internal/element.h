/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INTERNAL_ELEMENT_H
#define BNNCL_INTERNAL_ELEMENT_H

#include <stddef.h>
#include <stdint.h>

/* Reading and writing element `at` of an array of integers, one function for each type. */
typedef int32_t (*bnncl_load)(const void *array, size_t at);
typedef void (*bnncl_store)(void *array, size_t at, int32_t value);

static inline int32_t bnncl_load_u8(const void *array, size_t at)
{
    return ((const uint8_t *)array)[at];
}

static inline int32_t bnncl_load_i8(const void *array, size_t at)
{
    return ((const int8_t *)array)[at];
}

static inline int32_t bnncl_load_i16(const void *array, size_t at)
{
    return ((const int16_t *)array)[at];
}

static inline int32_t bnncl_load_i32(const void *array, size_t at)
{
    return ((const int32_t *)array)[at];
}

static inline void bnncl_store_u8(void *array, size_t at, int32_t value)
{
    ((uint8_t *)array)[at] = (uint8_t)value;
}

static inline void bnncl_store_i8(void *array, size_t at, int32_t value)
{
    ((int8_t *)array)[at] = (int8_t)value;
}

static inline void bnncl_store_i16(void *array, size_t at, int32_t value)
{
    ((int16_t *)array)[at] = (int16_t)value;
}

static inline void bnncl_store_i32(void *array, size_t at, int32_t value)
{
    ((int32_t *)array)[at] = value;
}

#endif
