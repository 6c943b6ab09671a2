/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_INFO_H
#define BNNCL_INFO_H

#include <stdint.h>

/* What a generated model says of itself. Strings end with a zero byte and live as long as the program. */
typedef struct {
    const char *name;
    const char *tool_version;
    const char *model_sha256;  /* of the file it was compiled from, 64 hexadecimal digits */
    const char *const *labels; /* [label_count], names of the classes, or NULL where none were given */
    uint32_t label_count;
    uint32_t input_len;       /* elements of an input */
    uint32_t classes;         /* known as compiled; learning can add more */
    uint32_t max_classes;     /* scores that an inference gives */
    uint32_t weight_bytes;    /* constants, usually in flash */
    uint32_t context_bytes;   /* sizeof of the context */
    uint32_t state_bytes;     /* sizeof of the memory of learning; 0 where the model does not learn */
    uint32_t workspace_bytes; /* sizeof of the workspace: arena, scratch, what is handed from op to op */
} bnncl_info;

#endif
