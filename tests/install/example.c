/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Makes a System V segment and a POSIX object, writes into each, prints what
 * is known of it, and removes it.
 *
 *	cc -o example example.c $(pkg-config --cflags --libs libshmtool)
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shmtool.h>

static void
write_hello(const struct shmt_object *object)
{
	struct shmt_view *view;

	if (shmt_view_open(object, SHMT_WRITE, &view) == -1)
		err(1, "open");
	if (shmt_view_put(view, 0, "hello", 5) == -1)
		err(1, "write");
	shmt_view_close(view);
}

/* Object names the kind, and the name if it is a POSIX object. */
static void
create_use_remove(struct shmt_object *object)
{
	struct shmt_request request;
	struct shmt_info info;
	bool created;

	memset(&request, 0, sizeof(request));
	request.size = 4096;
	request.mode = 0600;
	if (shmt_create(&request, object, &created) == -1)
		err(1, "create");
	write_hello(object);
	if (shmt_info(object, SHMT_WANT_RSS, &info) == -1)
		err(1, "info");
	printf("%" PRIu64 " bytes, mode %04o", info.size, info.mode);
	if ((info.known & SHMT_HAS_NATTCH) != 0)
		printf(", %" PRIu64 " attached", info.nattch);
	putchar('\n');
	if (shmt_remove(object, 0, NULL) == -1)
		err(1, "remove");
}

int
main(void)
{
	struct shmt_object segment, named;

	memset(&segment, 0, sizeof(segment));
	segment.kind = SHMT_SYSV;
	create_use_remove(&segment);
	memset(&named, 0, sizeof(named));
	named.kind = SHMT_POSIX;
	named.name = "example";
	create_use_remove(&named);
	return 0;
}
