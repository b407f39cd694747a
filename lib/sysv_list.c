/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * All segments of the namespace.  Three ways: /proc/sysvipc/shm costs about
 * a microsecond a segment and alone tells rss and swap; SHM_STAT_ANY costs a
 * quarter of that for each index of the kernel's array (see shmctl(2)), those
 * without a segment included; SHM_STAT is for kernels that have neither, and
 * shows what may be read.
 */

#include <sys/ipc.h>
#include <sys/shm.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shmtool.h"
#include "sys/array.h"
#include "sys/file.h"
#include "sys/meminfo.h"
#include "sys/parse.h"
#include "sysv.h"

struct array {
	struct shmt_info *list;
	size_t count, capacity;
};

static struct shmt_info *
grow(struct array *array)
{
	struct shmt_info *more;

	more = shmt__grow(array->list, array->count, &array->capacity,
	    sizeof(*more));
	if (more == NULL)
		return NULL;
	array->list = more;
	return &more[array->count++];
}

/* One number of a line up to max, moving *text. */
static bool
field(const char **text, unsigned base, uint64_t max, uint64_t *number)
{
	while (**text == ' ')
		++*text;
	return shmt__digits(text, base, max, number) == 0;
}

/* The columns of a line; the last two came with Linux 2.6.34. */
enum {
	KEY, ID, PERMS, SIZE, CPID, LPID, NATTCH, UID, GID, CUID, CGID,
	ATIME, DTIME, CTIME, RSS, SWAP, COLUMNS
};

/* The numbers of a line, and how many there are; 0 where it is not a line. */
static int
parse_numbers(const char *line, uint64_t v[static COLUMNS])
{
	static const uint64_t most[COLUMNS] = {
		[KEY] = INT32_MAX, [ID] = INT32_MAX, [PERMS] = 0177777,
		[SIZE] = UINT64_MAX,
		[CPID] = INT32_MAX, [LPID] = INT32_MAX, [NATTCH] = UINT64_MAX,
		[UID] = UINT32_MAX, [GID] = UINT32_MAX, [CUID] = UINT32_MAX,
		[CGID] = UINT32_MAX, [ATIME] = INT64_MAX, [DTIME] = INT64_MAX,
		[CTIME] = INT64_MAX, [RSS] = UINT64_MAX, [SWAP] = UINT64_MAX
	};
	const char *p = line + strspn(line, " ");
	const bool negative = p[0] == '-' && p[1] != ' ';
	int n;

	p += negative;
	for (n = 0; n < COLUMNS && *p != '\0'; n++)
		if (!field(&p, n == PERMS ? 8 : 10,
		    n == KEY ? most[n] + negative : most[n], &v[n]))
			return 0;
	/* The key, which alone has a sign, in two's complement. */
	if (negative)
		v[KEY] = -v[KEY];
	p += strspn(p, " ");
	return *p == '\0' && (n == RSS || n == COLUMNS) ? n : 0;
}

static bool
parse_line(const char *line, struct shmt_info *s)
{
	uint64_t v[COLUMNS] = { 0 };
	int n = parse_numbers(line, v);

	if (n == 0)
		return false;
	memset(s, 0, sizeof(*s));
	s->key = (uint32_t)v[KEY];
	s->object.id = (int)v[ID];
	s->mode = v[PERMS] & 0777u;
	s->state = ((v[PERMS] & SHM_DEST) != 0 ? SHMT_DEST : 0) |
	    ((v[PERMS] & SHM_LOCKED) != 0 ? SHMT_LOCKED : 0);
	s->size = v[SIZE];
	s->cpid = (pid_t)v[CPID];
	s->lpid = (pid_t)v[LPID];
	s->nattch = v[NATTCH];
	s->uid = (uint32_t)v[UID];
	s->gid = (uint32_t)v[GID];
	s->cuid = (uint32_t)v[CUID];
	s->cgid = (uint32_t)v[CGID];
	s->atime = (int64_t)v[ATIME];
	s->dtime = (int64_t)v[DTIME];
	s->ctime = (int64_t)v[CTIME];
	shmt__sysv_set_known(s);
	if (n == COLUMNS)
		s->known |= SHMT_HAS_RSS;
	s->rss = v[RSS];
	s->swap = v[SWAP];
	return true;
}

static int
add_line(struct array *array, const char *line)
{
	struct shmt_info *s = grow(array);

	if (s == NULL)
		return -1;
	return parse_line(line, s) ? 0 : shmt__fail(EBADMSG);
}

static int
add_lines(struct array *array, char *text)
{
	const char *line = strsep(&text, "\n");

	/* The first line names the columns. */
	if (text == NULL || strstr(line, "shmid") == NULL)
		return shmt__fail(EBADMSG);
	for (;;) {
		line = strsep(&text, "\n");
		/* Nothing follows the last newline. */
		if (text == NULL)
			return *line == '\0' ? 0 : shmt__fail(EBADMSG);
		if (add_line(array, line) == -1)
			return -1;
	}
}

int
shmt__parse_sysvipc(char *text, struct shmt_info **list, size_t *count)
{
	struct array array = { 0 };

	if (add_lines(&array, text) == -1) {
		free(array.list);
		return -1;
	}
	*list = array.list;
	*count = array.count;
	return 0;
}

/* Whether any huge page is in use on the machine.  Of the usual size meminfo
 * counts those that are free; all others count as used. */
static bool
any_huge_pages_used(void)
{
	char *text = shmt__read_meminfo(AT_FDCWD);
	uint64_t total;
	bool used;

	if (text == NULL)
		return true;
	total = shmt__find_number(text, "HugePages_Total");
	used = shmt__find_number(text, "HugePages_Free") != total ||
	    shmt__meminfo(text, "Hugetlb") !=
	    total * shmt__meminfo(text, "Hugepagesize");
	free(text);
	return used;
}

/*
 * The most bytes that a segment without hugetlb pages can have in memory: its
 * last page counts whole, and where that is a transparent huge page, so does
 * this.  One has as many pages as a page has room for entries of 8 bytes.
 */
static uint64_t
most_resident(uint64_t size)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	const uint64_t huge = page * (page / 8);

	return size > UINT64_MAX - huge ? UINT64_MAX :
	    (size + huge - 1) / huge * huge;
}

/*
 * Kernels of today (seen with Linux 6.18) count the base pages of a hugetlb
 * page twice over, so that rss is 512 times too big for pages of 2 MiB.  More
 * than most_resident() proves that.  A multiple of 1 GiB that is not more can
 * be either: it is unknown while the machine has hugetlb pages in use.
 */
static void
correct_huge(struct shmt_info *list, size_t count)
{
	const uint64_t step = UINT64_C(1) << 30;
	int used = -1;
	size_t i;

	for (i = 0; i < count; i++) {
		if ((list[i].known & SHMT_HAS_RSS) == 0 || list[i].rss == 0)
			continue;
		if (list[i].rss > most_resident(list[i].size))
			list[i].state |= SHMT_HUGE;
		else if (list[i].rss % step != 0)
			continue;
		else if (used == -1)
			used = any_huge_pages_used();
		if ((list[i].state & SHMT_HUGE) != 0 || used == 1) {
			list[i].known &= ~SHMT_HAS_RSS;
			list[i].rss = list[i].swap = 0;
		}
	}
}

static int
list_proc(struct shmt_info **list, size_t *count)
{
	char *text = shmt__read_file(AT_FDCWD, "/proc/sysvipc/shm");
	int result;

	if (text == NULL)
		return -1;
	result = shmt__parse_sysvipc(text, list, count);
	free(text);
	if (result == 0)
		correct_huge(*list, *count);
	return result;
}

/*
 * Index by index.  With may_give_up, fails with EAGAIN once three in four have
 * no segment: then /proc is cheaper.
 */
static int
list_by_index(int command, bool may_give_up, struct shmt_info **list,
    size_t *count)
{
	size_t found = 0, empty = 0;
	struct shmt_info *all;
	struct shmid_ds ds;
	int i, last, id;

	/* It fills a struct shminfo, smaller than this. */
	memset(&ds, 0, sizeof(ds));
	last = shmctl(0, IPC_INFO, &ds);
	if (last == -1)
		return -1;
	/* What is not filled takes no memory. */
	all = reallocarray(NULL, (size_t)last + 1, sizeof(*all));
	if (all == NULL)
		return -1;
	for (i = 0; i <= last; i++) {
		id = shmctl(i, command, &ds);
		if (id != -1)
			shmt__sysv_fill(id, &ds, &all[found++]);
		else if (may_give_up && ++empty > 64 + 3 * found) {
			free(all);
			return shmt__fail(EAGAIN);
		}
	}
	/* The caller may try another way. */
	if (found == 0) {
		free(all);
		all = NULL;
	}
	*list = all;
	*count = found;
	return 0;
}

/* Whether there is no segment at all, which every kernel reports. */
static bool
none_exist(void)
{
	struct shm_info info;
	struct shmid_ds ds;

	/* It fills a struct shm_info, smaller than this. */
	if (shmctl(0, SHM_INFO, &ds) == -1)
		return false;
	memcpy(&info, &ds, sizeof(info));
	return info.used_ids == 0;
}

int
shmt__sysv_all(bool want_rss, struct shmt_info **list, size_t *count)
{
	/* The sizes that shmctl(2) gives are cut to 32 bits. */
	if (sizeof(size_t) < sizeof(uint64_t))
		want_rss = true;
	/* None found: none there, or no SHM_STAT_ANY here. */
	if (!want_rss && list_by_index(SHM_STAT_ANY, true, list, count) == 0 &&
	    (*count > 0 || none_exist()))
		return 0;
	if (list_proc(list, count) == 0)
		return 0;
	if (list_by_index(SHM_STAT_ANY, false, list, count) == -1)
		return -1;
	if (*count > 0 || none_exist())
		return 0;
	return list_by_index(SHM_STAT, false, list, count);
}

int
shmt__sysv_stat_rss(int id, struct shmt_info *segment)
{
	struct shmt_info s, *list;
	size_t i, count;

	if (shmt__sysv_stat(id, &s) == -1)
		return -1;
	if (shmt__sysv_all(true, &list, &count) == -1)
		return -1;
	for (i = 0; i < count; i++)
		if (shmt_same(&list[i], &s)) {
			s.known |= list[i].known & SHMT_HAS_RSS;
			s.rss = list[i].rss;
			s.swap = list[i].swap;
			s.state |= list[i].state & SHMT_HUGE;
			break;
		}
	free(list);
	*segment = s;
	return 0;
}

int
shmt__sysv_info(const struct shmt_object *object, unsigned want,
    struct shmt_info *info)
{
	return want & SHMT_WANT_RSS ?
	    shmt__sysv_stat_rss(object->id, info) :
	    shmt__sysv_stat(object->id, info);
}

/* The first of all kinds: the list is still empty. */
int
shmt__sysv_list(unsigned want, struct shmt_list *list)
{
	return shmt__sysv_all((want & SHMT_WANT_RSS) != 0, &list->list,
	    &list->count);
}
