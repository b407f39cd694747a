/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Makes a segment, counts in it, tells what it is, and removes it.
 *
 *	cc -o example example.c $(pkg-config --cflags --libs libshmtool)
 */

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <shmtool.h>

int
main(void)
{
	struct shmt_request request;
	struct shmt_object object;
	struct shmt_info segment;
	bool created;
	void *at;

	memset(&request, 0, sizeof(request));
	memset(&object, 0, sizeof(object));
	request.size = 4096;
	request.mode = 0600;
	if (shmt_create(&request, &object, &created) == -1)
		err(1, "create");
	if (shmt_attach(&object, NULL, 0, &at) == -1)
		err(1, "attach");
	++*(int *)at;
	if (shmt_info(&object, 0, &segment) == -1)
		err(1, "info");
	printf("%" PRIu64 " bytes, %" PRIu64 " attached, counter %d\n",
	    segment.size, segment.nattch, *(int *)at);
	if (shmt_detach(at) == -1 ||
	    shmt_remove(&object, 0, NULL) == -1)
		err(1, "remove");
	return 0;
}
