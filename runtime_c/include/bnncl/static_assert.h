/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STATIC_ASSERT_H
#define BNNCL_STATIC_ASSERT_H

/* Refuses to compile where `condition`, an integer constant expression, is false. `name` is an identifier
 * that says what is asserted, unique in its scope. C99 has no _Static_assert: an array type of size -1 is an
 * error in every compiler. */
#define BNNCL_STATIC_ASSERT(condition, name) typedef char bnncl_assert_##name[(condition) ? 1 : -1]

#endif
