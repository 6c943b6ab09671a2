/* SPDX-License-Identifier: 0BSD */
#ifndef BNNCL_STORAGE_FILE_H
#define BNNCL_STORAGE_FILE_H

#include <stdio.h>

#include "bnncl/storage.h"

/* A region of flash in a file of the host: the file's bytes are the region's. What was written survives the
 * program's end, however it ends; a crash of the host only as far as its file system wrote it. */

typedef struct {
    FILE *file;
    uint32_t region_bytes;
    uint32_t erase_bytes;
    uint32_t prog_bytes;
} bnncl_storage_file;

/* Open the region in `path`, or make it, erased, where there is no file or an empty one. Sizes as in
 * bnncl_storage.
 * BNNCL_STORAGE_ERROR: the file cannot be opened or made, or does not have `region_bytes` bytes; a file that is
 * there is as it was. */
bnncl_status bnncl_storage_file_open(bnncl_storage_file *region, const char *path, uint32_t region_bytes,
                                     uint32_t erase_bytes, uint32_t prog_bytes);

/* Close a region that was opened; BNNCL_STORAGE_ERROR where something could not be written. */
bnncl_status bnncl_storage_file_close(bnncl_storage_file *region);

/* The port to an open region; valid as long as `region` is. */
bnncl_storage bnncl_storage_file_port(bnncl_storage_file *region);

#endif
