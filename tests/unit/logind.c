/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Whether logind removes segments at logout, by trees of configuration files
 * in a folder of our own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "limits/logind.h"
#include "shmtool.h"
#include "root.h"

static bool
removes(uint32_t uid)
{
	bool answer;

	assert_int_equal(shmt__logout_removes(root, uid, &answer), 0);
	return answer;
}

static void
only_where_logind_runs(void **state)
{
	(void)state;
	assert_false(removes(1000));
	put("run/systemd/users/.x", "");
	assert_true(removes(1000));
}

static void
texts(void **state)
{
	static const struct {
		const char *text;
		bool removes;
	} rows[] = {
		{ "", true }, { "[Login]\n#RemoveIPC=no\n", true },
		{ "[Login]\nRemoveIPC=no\n", false },
		{ "[Login]\nRemoveIPC=no", false },
		{ "[Login]\n  RemoveIPC = off \t\r\n", false },
		{ "[Login]\nRemoveIPC=FALSE\n", false },
		{ "[Login]\nRemoveIPC=0\n", false },
		{ "[Login]\nRemoveIPC=f\n", false },
		{ "[Login]\nRemoveIPC=N\n", false },
		{ "[Login]\nRemoveIPC=no\nRemoveIPC=yes\n", true },
		{ "[Login]\nRemoveIPC=yes\nRemoveIPC=no\n", false },
		{ "[Login]\nRemoveIPC=no\nRemoveIPC=maybe\n", false },
		{ "[Login]\nRemoveIPC=no\nRemoveIPC=\n", false },
		{ "[Login]\n;RemoveIPC=no\n", true },
		{ "[Login]\nremoveipc=no\n", true },
		{ "[Login]\nRemoveIPCs=no\n", true },
		{ "[Other]\nRemoveIPC=no\n", true },
		{ "RemoveIPC=no\n", true },
		{ "[Login]\n[Other]\nRemoveIPC=no\n", true },
		{ "[Other]\n[Login]\nKillUserProcesses=yes\nRemoveIPC=no\n",
		    false },
	};
	size_t i;

	(void)state;
	put("run/systemd/users/.x", "");
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put("etc/systemd/logind.conf", rows[i].text);
		if (removes(1000) != rows[i].removes)
			fail_msg("\"%s\"", rows[i].text);
	}
}

#define YES "[Login]\nRemoveIPC=yes\n"
#define NO "[Login]\nRemoveIPC=no\n"

static void
the_first_main_file_counts(void **state)
{
	(void)state;
	put("run/systemd/users/.x", "");
	put("usr/lib/systemd/logind.conf", NO);
	assert_false(removes(1000));
	put("run/systemd/logind.conf", YES);
	assert_true(removes(1000));
	put("etc/systemd/logind.conf", NO);
	assert_false(removes(1000));
	/* It hides the others even where it says nothing. */
	put("etc/systemd/logind.conf", "");
	put("run/systemd/logind.conf", NO);
	assert_true(removes(1000));
}

static void
drop_ins_come_after_it_by_name(void **state)
{
	(void)state;
	put("run/systemd/users/.x", "");
	put("etc/systemd/logind.conf", YES);
	put("usr/lib/systemd/logind.conf.d/50-vendor.conf", NO);
	assert_false(removes(1000));
	/* The name decides, not the folder. */
	put("etc/systemd/logind.conf.d/40-admin.conf", YES);
	assert_false(removes(1000));
	put("run/systemd/logind.conf.d/60-now.conf", YES);
	assert_true(removes(1000));
	/* The same name in an earlier folder hides the later one. */
	put("etc/systemd/logind.conf.d/60-now.conf", "");
	assert_false(removes(1000));
	put("etc/systemd/logind.conf.d/70-other.txt", YES);
	put("etc/systemd/logind.conf.d/.conf", YES);
	assert_false(removes(1000));
	put("usr/local/lib/systemd/logind.conf.d/80-local.conf", YES);
	assert_true(removes(1000));
	assert_int_equal(symlinkat("/dev/null", rootfd,
	    "etc/systemd/logind.conf.d/80-local.conf"), 0);
	assert_false(removes(1000));
}

static void
system_users_are_spared(void **state)
{
	(void)state;
	put("run/systemd/users/.x", "");
	assert_false(removes(0));
	assert_false(removes(999));
	assert_true(removes(1000));
	assert_false(removes(65534));
	assert_true(removes(65535));
}

/* What is there and cannot be read is not guessed at. */
static void
unreadable(void **state)
{
	bool answer = true;

	(void)state;
	put("run/systemd/users/.x", "");
	put("etc/systemd/logind.conf/.x", "");
	errno = 0;
	assert_int_equal(shmt__logout_removes(root, 1000, &answer), -1);
	assert_int_equal(errno, EISDIR);
	assert_true(answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(only_where_logind_runs, empty_root),
		cmocka_unit_test_teardown(texts, empty_root),
		cmocka_unit_test_teardown(the_first_main_file_counts,
		    empty_root),
		cmocka_unit_test_teardown(drop_ins_come_after_it_by_name,
		    empty_root),
		cmocka_unit_test_teardown(system_users_are_spared, empty_root),
		cmocka_unit_test_teardown(unreadable, empty_root),
	};

	return cmocka_run_group_tests_name("logind", tests, make_root,
	    remove_root);
}
