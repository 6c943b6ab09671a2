/* SPDX-License-Identifier: 0BSD */
#include "bnncl_storage_file.h"

#include <stdbool.h>

#define FILE_MAX_BYTES 0x7FFFFFFFu /* what fseek reaches everywhere */

static bnncl_status ok_if(bool good)
{
    return good ? BNNCL_OK : BNNCL_STORAGE_ERROR;
}

static bool go_to(FILE *file, uint32_t offset)
{
    return fseek(file, (long)offset, SEEK_SET) == 0;
}

static bool fill(FILE *file, uint32_t offset, uint32_t size)
{
    bool good = go_to(file, offset);
    for (uint32_t i = 0; i < size && good; i++) {
        good = putc(0xFF, file) != EOF;
    }
    return good && fflush(file) == 0;
}

static bool is_inside(const bnncl_storage_file *region, uint32_t offset, uint32_t size)
{
    return offset <= region->region_bytes && size <= region->region_bytes - offset;
}

static bnncl_status file_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    const bnncl_storage_file *region = context;
    return ok_if(is_inside(region, offset, size) && go_to(region->file, offset) &&
                 fread(data, 1, size, region->file) == size);
}

/* Refuses to write over what is not erased, as flash would, so that a firmware's fault shows on the host. */
static bnncl_status file_prog(void *context, uint32_t offset, const void *data, uint32_t size)
{
    const bnncl_storage_file *region = context;
    bool good = is_inside(region, offset, size) && offset % region->prog_bytes == 0 &&
                size % region->prog_bytes == 0 && go_to(region->file, offset);
    for (uint32_t i = 0; i < size && good; i++) {
        good = getc(region->file) == 0xFF;
    }
    return ok_if(good && go_to(region->file, offset) && fwrite(data, 1, size, region->file) == size);
}

static bnncl_status file_erase(void *context, uint32_t offset)
{
    const bnncl_storage_file *region = context;
    return ok_if(is_inside(region, offset, region->erase_bytes) && offset % region->erase_bytes == 0 &&
                 fill(region->file, offset, region->erase_bytes));
}

static bnncl_status file_sync(void *context)
{
    const bnncl_storage_file *region = context;
    return ok_if(fflush(region->file) == 0);
}

static bool has_size(FILE *file, uint32_t size)
{
    return fseek(file, 0, SEEK_END) == 0 && (unsigned long)ftell(file) == size;
}

/* A file that can be read is there, so that it is never made anew: it could be one that may not be written. */
static FILE *open_or_make(const char *path)
{
    FILE *file = fopen(path, "r+b");
    if (file) {
        return file;
    }
    file = fopen(path, "rb");
    if (!file) {
        return fopen(path, "w+b");
    }
    (void)fclose(file);
    return NULL;
}

bnncl_status bnncl_storage_file_open(bnncl_storage_file *region, const char *path, uint32_t region_bytes,
                                     uint32_t erase_bytes, uint32_t prog_bytes)
{
    region->region_bytes = region_bytes;
    region->erase_bytes = erase_bytes;
    region->prog_bytes = prog_bytes;
    region->file = NULL;
    if (erase_bytes == 0 || prog_bytes == 0 || region_bytes > FILE_MAX_BYTES) {
        return BNNCL_STORAGE_ERROR;
    }
    region->file = open_or_make(path);
    bool good = region->file != NULL;
    if (good && has_size(region->file, 0)) {
        good = fill(region->file, 0, region_bytes);
    }
    good = good && has_size(region->file, region_bytes);
    if (!good && region->file) {
        (void)fclose(region->file);
        region->file = NULL;
    }
    return ok_if(good);
}

bnncl_status bnncl_storage_file_close(bnncl_storage_file *region)
{
    FILE *file = region->file;
    region->file = NULL;
    return ok_if(file && fclose(file) == 0);
}

bnncl_storage bnncl_storage_file_port(bnncl_storage_file *region)
{
    const bnncl_storage port = {
        region,    region->region_bytes, region->erase_bytes, region->prog_bytes, file_read,
        file_prog, file_erase,           file_sync,
    };
    return port;
}
