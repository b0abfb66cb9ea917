/* The caller's own allocator: set once, before the library takes memory, and then used for all of it. */
#include "edgel/image.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static struct {
    int blocks, calls;
    bool empty;
} heap;

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    assert_ptr_equal(user, &heap);
    assert_true(bytes > 0 && alignment >= 64 && bytes % alignment == 0);
    if (heap.empty)
        return NULL;
    heap.blocks++;
    heap.calls++;
    return aligned_alloc(alignment, bytes);
}

static void release(void *user, void *memory)
{
    assert_ptr_equal(user, &heap);
    assert_non_null(memory);
    heap.blocks--;
    free(memory);
}

static const struct edgel_allocator ours = { allocate, release, &heap };

static void refuses_what_is_not_whole(void **state)
{
    (void)state;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_allocator_set(NULL, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "edgel_allocator_set: allocator must not be NULL");
    assert_int_equal(edgel_allocator_set(&(struct edgel_allocator){ allocate, NULL, NULL }, NULL),
                     EDGEL_EINVAL);
    assert_int_equal(edgel_allocator_set(&(struct edgel_allocator){ NULL, release, NULL }, NULL),
                     EDGEL_EINVAL);
}

static void takes_all_memory_from_it(void **state)
{
    (void)state;
    struct edgel_image image = { 0 };
    assert_int_equal(edgel_allocator_set(&ours, NULL), EDGEL_OK);
    assert_int_equal(edgel_image_init(&image, 100, 3, 1, EDGEL_U8, NULL), EDGEL_OK);
    assert_int_equal(heap.blocks, 1);
    assert_int_equal((uintptr_t)image.data % 64, 0);
    edgel_image_finish(&image);
    assert_int_equal(heap.blocks, 0);
}

static void cannot_be_changed(void **state)
{
    (void)state;
    struct edgel_error err = { 0 };
    assert_int_equal(edgel_allocator_set(&ours, &err), EDGEL_EINVAL);
    assert_string_equal(err.msg, "the allocator must be set once, before the library takes memory");
}

static void its_end_is_out_of_memory(void **state)
{
    (void)state;
    struct edgel_image image = { 0 };
    heap.empty = true;
    assert_int_equal(edgel_image_init(&image, 100, 3, 1, EDGEL_U8, NULL), EDGEL_ENOMEM);
    assert_null(image.data);
    heap.empty = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_not_whole),
        cmocka_unit_test(takes_all_memory_from_it),
        cmocka_unit_test(cannot_be_changed),
        cmocka_unit_test(its_end_is_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
