/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Times two commands against each other: A B, B A, A B ... so that whatever
 * slows the machine slows both.  Prints the median of A and of B in
 * microseconds and the median of the rounds' ratios A/B, in one line.
 *
 *	pair [-n ROUNDS] [-t SECONDS] [-a SHELL] [-b SHELL] [-o FILE]
 *	    A [ARG...] -- B [ARG...]
 *
 * -a and -b run in sh(1) before each A and each B, and are not timed.  stdout
 * of A and B goes to FILE, made anew each time; /dev/null otherwise.  After
 * SECONDS no further round begins (10).  The first round is not counted.
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct side {
	char **argv;
	const char *before;	/* for sh(1), or NULL */
	double *times;		/* microseconds, a round each */
};

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* Microseconds from the start of the command to its end. */
static double
run(char **argv, const char *out)
{
	posix_spawn_file_actions_t actions;
	double start, end;
	int status, error;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out,
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);
	start = now();
	error = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (error != 0) {
		errno = error;
		err(1, "%s", argv[0]);
	}
	if (waitpid(pid, &status, 0) == -1)
		err(1, "waitpid");
	end = now();
	posix_spawn_file_actions_destroy(&actions);
	if (status != 0)
		errx(1, "%s: status %#x", argv[0], (unsigned)status);
	return end - start;
}

static double
run_side(const struct side *side, const char *out)
{
	/* NOLINTNEXTLINE(cert-env33-c): a shell is what is asked for. */
	if (side->before != NULL && system(side->before) != 0)
		errx(1, "failed: %s", side->before);
	return run(side->argv, out);
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count % 2 == 1 ? values[count / 2] :
	    (values[count / 2 - 1] + values[count / 2]) / 2;
}

static size_t
run_rounds(struct side side[static 2], size_t rounds, double seconds,
    const char *out)
{
	double end = now() + seconds * 1e6, elapsed;
	size_t n, half, which;

	for (n = 0; n < rounds + 1 && (n < 2 || now() < end); n++)
		for (half = 0; half < 2; half++) {
			which = (n + half) % 2;
			elapsed = run_side(&side[which], out);
			if (n > 0)
				side[which].times[n - 1] = elapsed;
		}
	return n - 1;
}

/* Cuts "A ... -- B ..." in two. */
static void
parse_sides(char **argv, struct side side[static 2])
{
	char **p;

	for (p = argv; *p != NULL && strcmp(*p, "--") != 0; p++)
		;
	if (p == argv || *p == NULL || p[1] == NULL)
		errx(2, "usage: pair [options] A [ARG...] -- B [ARG...]");
	*p = NULL;
	side[0].argv = argv;
	side[1].argv = p + 1;
}

static double *
doubles(size_t count)
{
	double *array = calloc(count, sizeof(*array));

	if (array == NULL)
		err(1, NULL);
	return array;
}

int
main(int argc, char **argv)
{
	struct side side[2] = { 0 };
	size_t rounds = 20, done, i;
	double seconds = 10, *ratios;
	const char *out = "/dev/null";
	int c;

	while ((c = getopt(argc, argv, "+n:t:a:b:o:")) != -1)
		switch (c) {
		case 'n':
			rounds = strtoul(optarg, NULL, 10);
			break;
		case 't':
			seconds = strtod(optarg, NULL);
			break;
		case 'a':
			side[0].before = optarg;
			break;
		case 'b':
			side[1].before = optarg;
			break;
		case 'o':
			out = optarg;
			break;
		default:
			return 2;
		}
	parse_sides(argv + optind, side);
	side[0].times = doubles(rounds + 1);
	side[1].times = doubles(rounds + 1);
	ratios = doubles(rounds + 1);
	done = run_rounds(side, rounds, seconds, out);
	for (i = 0; i < done; i++)
		ratios[i] = side[0].times[i] / side[1].times[i];
	printf("%.0f %.0f %.4f\n", median(side[0].times, done),
	    median(side[1].times, done), median(ratios, done));
	free(side[0].times);
	free(side[1].times);
	free(ratios);
	return 0;
}
