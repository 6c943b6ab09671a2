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

static bnncl_status file_read(void *context, uint32_t offset, void *data, uint32_t size)
{
    const bnncl_storage_file *region = context;
    return ok_if(go_to(region->file, offset) && fread(data, 1, size, region->file) == size);
}

/* Refuses to write over what is not erased, as flash would, so that a firmware's fault shows on the host. */
static bnncl_status file_prog(void *context, uint32_t offset, const void *data, uint32_t size)
{
    const bnncl_storage_file *region = context;
    bool good = go_to(region->file, offset);
    for (uint32_t i = 0; i < size && good; i++) {
        good = getc(region->file) == 0xFF;
    }
    return ok_if(good && go_to(region->file, offset) && fwrite(data, 1, size, region->file) == size);
}

static bnncl_status file_erase(void *context, uint32_t offset)
{
    const bnncl_storage_file *region = context;
    return ok_if(fill(region->file, offset, region->erase_bytes));
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

bnncl_status bnncl_storage_file_open(bnncl_storage_file *region, const char *path, uint32_t region_bytes,
                                     uint32_t erase_bytes, uint32_t prog_bytes)
{
    region->region_bytes = region_bytes;
    region->erase_bytes = erase_bytes;
    region->prog_bytes = prog_bytes;
    region->file = fopen(path, "r+b");
    if (!region->file) {
        region->file = fopen(path, "w+b");
    }
    bool good = region->file && region_bytes <= FILE_MAX_BYTES;
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
