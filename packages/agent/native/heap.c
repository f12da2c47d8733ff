/*
 * Memory for the engine, whose values are small and many: pages of equal slots, in one region, so that the page tells a
 * slot's size and no slot needs a word for it. What is larger, or finds no place there, is malloc's.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "heap.h"

enum {
    PAGE_SIZE = 4096,
    REGION_PAGES = 2048,
    LARGEST_SLOT = 512,
    CLASSES = 32,
    /* Pages with nothing in them that stay in memory. */
    KEPT_PAGES = 16,
};

struct page {
    /* In the list of those of this size with room. */
    struct page *next, *previous;
    /* Offsets in the page: of the first slot that was freed (0: none), which has the next one's in it, and of the first that
       was never used. */
    uint16_t freed, unused;
    uint16_t slot_size, count;
};

static uint8_t *region;
static size_t region_used = REGION_PAGES;
static struct page *with_room[CLASSES];
static uint16_t empty_pages[REGION_PAGES];
static size_t empty_count;
/* Where the kernel's pages are larger, giving one of ours back would take its neighbours, too. */
static int has_equal_pages;

/* Steps of 8 bytes up to 128, of 16 up to 256, of 32 from there on. */
static size_t class_of(size_t size)
{
    if (size <= 128)
        return (size + 7) / 8 - 1;
    return size <= 256 ? 16 + (size - 129) / 16 : 24 + (size - 257) / 32;
}

static size_t slot_size_of(size_t class)
{
    if (class < 16)
        return (class + 1) * 8;
    return class < 24 ? 128 + (class - 15) * 16 : 256 + (class - 23) * 32;
}

static int is_in_region(const void *address)
{
    return (size_t)((const uint8_t *)address - region) < (size_t)REGION_PAGES * PAGE_SIZE && region != NULL;
}

static struct page *page_of(const void *address)
{
    return (struct page *)(region + ((size_t)((const uint8_t *)address - region) & ~(size_t)(PAGE_SIZE - 1)));
}

static int is_full(const struct page *page)
{
    return page->freed == 0 && page->unused + page->slot_size > PAGE_SIZE;
}

static void link_page(struct page *page)
{
    struct page **first = &with_room[class_of(page->slot_size)];

    page->previous = NULL;
    page->next = *first;
    if (*first != NULL)
        (*first)->previous = page;
    *first = page;
}

static void unlink_page(struct page *page)
{
    if (page->previous != NULL)
        page->previous->next = page->next;
    else
        with_room[class_of(page->slot_size)] = page->next;
    if (page->next != NULL)
        page->next->previous = page->previous;
}

static struct page *take_page(size_t slot_size)
{
    struct page *page;

    if (empty_count == 0 && region_used == REGION_PAGES)
        return NULL;
    page = (struct page *)(region + PAGE_SIZE * (empty_count > 0 ? empty_pages[--empty_count] : region_used++));
    page->freed = page->count = 0;
    page->unused = sizeof(*page);
    page->slot_size = (uint16_t)slot_size;
    link_page(page);
    return page;
}

static void *take_slot(size_t size)
{
    size_t class = class_of(size);
    struct page *page = with_room[class] != NULL ? with_room[class] : take_page(slot_size_of(class));
    uint8_t *slot;

    if (page == NULL)
        return NULL;
    if (page->freed != 0) {
        slot = (uint8_t *)page + page->freed;
        memcpy(&page->freed, slot, sizeof(page->freed));
    } else {
        slot = (uint8_t *)page + page->unused;
        page->unused += page->slot_size;
    }
    page->count++;
    if (is_full(page))
        unlink_page(page);
    return slot;
}

static void free_slot(void *slot)
{
    struct page *page = page_of(slot);

    if (is_full(page))
        link_page(page);
    memcpy(slot, &page->freed, sizeof(page->freed));
    page->freed = (uint16_t)((uint8_t *)slot - (uint8_t *)page);
    if (--page->count > 0)
        return;
    unlink_page(page);
    if (has_equal_pages && empty_count >= KEPT_PAGES)
        madvise(page, PAGE_SIZE, MADV_DONTNEED);
    empty_pages[empty_count++] = (uint16_t)(((uint8_t *)page - region) / PAGE_SIZE);
}

static size_t heap_size_of(const void *address)
{
    return is_in_region(address) ? page_of(address)->slot_size : malloc_usable_size((void *)address);
}

static void *heap_take(JSMallocState *state, size_t size)
{
    void *address = size <= LARGEST_SLOT ? take_slot(size) : NULL;

    if (address == NULL)
        address = malloc(size);
    if (address == NULL)
        return NULL;
    state->malloc_count++;
    state->malloc_size += heap_size_of(address);
    return address;
}

static void heap_free(JSMallocState *state, void *address)
{
    if (address == NULL)
        return;
    state->malloc_count--;
    state->malloc_size -= heap_size_of(address);
    if (is_in_region(address))
        free_slot(address);
    else
        free(address);
}

static void *heap_resize(JSMallocState *state, void *address, size_t size)
{
    size_t before = address == NULL ? 0 : heap_size_of(address);
    void *moved;

    if (size == 0) {
        heap_free(state, address);
        return NULL;
    }
    if (address != NULL && is_in_region(address) && size <= LARGEST_SLOT && slot_size_of(class_of(size)) == before)
        return address;
    if (address != NULL && !is_in_region(address) && size > LARGEST_SLOT) {
        moved = realloc(address, size);
        if (moved != NULL)
            state->malloc_size += malloc_usable_size(moved) - before;
        return moved;
    }
    moved = heap_take(state, size);
    if (moved != NULL && address != NULL) {
        memcpy(moved, address, before < size ? before : size);
        heap_free(state, address);
    }
    return moved;
}

JSRuntime *new_runtime(void)
{
    static const JSMallocFunctions functions = { heap_take, heap_free, heap_resize, heap_size_of };
    void *mapped = mmap(NULL, (size_t)REGION_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (mapped != MAP_FAILED) {
        madvise(mapped, (size_t)REGION_PAGES * PAGE_SIZE, MADV_NOHUGEPAGE);
        region = mapped;
        region_used = 0;
        has_equal_pages = sysconf(_SC_PAGESIZE) == PAGE_SIZE;
    }
    return JS_NewRuntime2(&functions, NULL);
}
