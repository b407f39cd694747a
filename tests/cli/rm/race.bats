# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031
#
# rm --stale as fast as it can, for half a minute, against processes that
# make, attach, use and detach segments as fast as they can: no process may
# ever find gone or unreadable what it has attached.

load ../common

RACE_SECONDS=30

# Makes shmtool run a command at one moment: ON_RMID just before it removes a
# segment, AFTER_RMID just after that, ON_SHMDT just after it detached one,
# ON_SHMAT just after it attached one, ON_SHMGET just after it looked up a key,
# ON_STAT just after its third look at one that it had attached and detached.
meddler() {
	is_plain || skip "an instrumented program takes no preload"
	command -v cc >/dev/null || skip "no C compiler"
	cat >"$BATS_TEST_TMPDIR/meddle.c" <<'E2'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/shm.h>

static int detached, looks;

static void
meddle(const char *name)
{
	const char *command = getenv(name);

	if (command == NULL)
		return;
	unsetenv("LD_PRELOAD");
	unsetenv(name);
	if (system(command) != 0)
		abort();
}

int
shmctl(int id, int command, struct shmid_ds *ds)
{
	int (*real)(int, int, struct shmid_ds *) = dlsym(RTLD_NEXT, "shmctl");
	int result;

	if (command == IPC_RMID)
		meddle("ON_RMID");
	result = real(id, command, ds);
	if (command == IPC_RMID)
		meddle("AFTER_RMID");
	if (command == IPC_STAT && detached && ++looks == 3)
		meddle("ON_STAT");
	return result;
}

int
shmget(key_t key, size_t size, int flags)
{
	int (*real)(key_t, size_t, int) = dlsym(RTLD_NEXT, "shmget");
	int result = real(key, size, flags);

	meddle("ON_SHMGET");
	return result;
}

void *
shmat(int id, const void *at, int flags)
{
	void *(*real)(int, const void *, int) = dlsym(RTLD_NEXT, "shmat");
	void *result = real(id, at, flags);

	meddle("ON_SHMAT");
	return result;
}

int
shmdt(const void *at)
{
	int (*real)(const void *) = dlsym(RTLD_NEXT, "shmdt");
	int result = real(at);

	detached = 1;
	meddle("ON_SHMDT");
	return result;
}
E2
	cc -shared -fPIC -o "$BATS_TEST_TMPDIR/meddle.so" \
		"$BATS_TEST_TMPDIR/meddle.c" -ldl
	preload=$BATS_TEST_TMPDIR/meddle.so
}

# A script that attaches segment $1 in a process that stays, $(cat $pid).
slipper() {
	slip=$BATS_TEST_TMPDIR/slip pid=$BATS_TEST_TMPDIR/pid
	cat >"$slip" <<E2
perl -MIPC::SysV=shmat,memread -e '
	\$at = shmat($1, undef, 0) or die;
	open \$f, ">", "$pid.new"; print \$f \$\$; close \$f;
	rename "$pid.new", "$pid";
	\$SIG{USR1} = sub {
		memread(\$at, \$x, 0, 5); open \$f, ">", "$pid.read";
		print \$f \$x; close \$f; rename "$pid.read", "$pid.said" };
	sleep 1 while 1' >/dev/null 2>&1 3>&- &
while ! test -e "$pid"; do sleep 0.05; done
E2
}

none_left() {
	[ "$(segments)" -eq 0 ]
}

@test "rm: who attaches in the moment of the removal loses nothing; 5, told" {
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	perl -e 'shmwrite($ARGV[0], "hello", 0, 5) or die' "$id"
	slipper "$id"
	LD_PRELOAD=$preload ON_RMID="sh $slip" run --separate-stderr \
		shmtool rm --stale --idle 0 --yes --json
	holders+=("$(cat "$pid")")
	[ "$status" -eq 5 ]
	message_has "rm: $id: attached in the moment of its removal by" \
		"$(cat "$pid") (perl), nattch 1; marked"
	[[ $output == *'"result": "marked"'* ]]
	ipcs -m | grep -q dest
	kill -USR1 "$(cat "$pid")"
	wait_for test -s "$pid.said"
	[ "$(cat "$pid.said")" = hello ]
	release
	wait_for none_left
}

@test "rm: what goes in the moment of its removal was removed by another" {
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	LD_PRELOAD=$preload ON_RMID="ipcrm -m $id" run --separate-stderr \
		shmtool rm --all --yes
	[ "$status" -eq 0 ]
	message_has "rm: $id: another process removed it"
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	LD_PRELOAD=$preload ON_RMID="ipcrm -m $id" run --separate-stderr \
		shmtool rm "$id"
	[ "$status" -eq 3 ]
}

@test "rm: another segment that gets its id at once is not taken for it" {
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id"
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	slipper "$id"
	# Marked, so that its state is that of one that was attached in the
	# moment of its removal.
	LD_PRELOAD=$preload AFTER_RMID="echo $id \
		>/proc/sys/kernel/shm_next_id && ipcmk -M 8192 >/dev/null &&
		sh $slip && ipcrm -m $id" run --separate-stderr \
		shmtool rm -v "$id"
	holders+=("$(cat "$pid")")
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	[[ $output == "removed $id "*4.0K* ]]
	[ "$(of_id bytes "$id")" -eq 8192 ]
}

@test "rm: what is used while it is saved is kept (5)" {
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	LD_PRELOAD=$preload \
		ON_SHMDT="perl -e 'shmwrite($id, q(x), 0, 1) or die'" \
		run --separate-stderr shmtool rm --save "$BATS_TEST_TMPDIR" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: it was used while it was saved"
	# Detached again before the copy is complete, which without a
	# capability is made while the segment is attached.
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	LD_PRELOAD=$preload \
		ON_SHMAT="perl -e 'shmwrite($id, q(x), 0, 1) or die'" \
		run --separate-stderr setpriv --bounding-set=-all \
		--inh-caps=-all shmtool rm --save "$BATS_TEST_TMPDIR" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: it was used while it was saved"
	[ "$(of_id nattch "$id")" -eq 0 ]
	[ "$(segments)" -eq 2 ]
}

@test "rm: who attaches while it is saved and detaches late keeps it (5)" {
	needs_root "without a capability it is attached while it is saved"
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	slipper "$id"
	# It is attached at the look when all is copied, and not at the next.
	# shellcheck disable=SC2016
	LD_PRELOAD=$preload ON_SHMAT="sh $slip" ON_STAT="kill \$(cat $pid)
		while ipcs -m | awk '\$2 == $id { exit \$6 == 0 }'; do
			sleep 0.05; done" \
		run --separate-stderr shmtool rm --save "$BATS_TEST_TMPDIR" "$id"
	[ "$status" -eq 5 ]
	message_has "rm: $id: kept: it was used while it was saved"
	[ "$(of_id nattch "$id")" = 0 ]
}

@test "rm: an id that means another segment than the key does is not removed" {
	[ -w /proc/sys/kernel/shm_next_id ] || skip "no shm_next_id"
	meddler
	id=$(ipcmk -M 4096 | tr -dc 0-9)
	key=$(of_id key "$id")
	LD_PRELOAD=$preload ON_SHMGET="ipcrm -m $id;
		echo $id >/proc/sys/kernel/shm_next_id; ipcmk -M 8192 >/dev/null" \
		run --separate-stderr shmtool rm "$key"
	[ "$status" -eq 3 ]
	message_has "rm: $key: no such segment"
	[ "$(of_id bytes "$id")" -eq 8192 ]
}

# Where the root of another user namespace chooses ids, root --ns PID is on
# its guard.
@test "rm: an id swapped in the moment of the removal: the other one stays" {
	needs_root "the IPC namespace of another user namespace is entered"
	needs_user_namespace
	meddler
	# shellcheck disable=SC2016
	unshare --user --map-root-user --ipc sh -c '
		ipcmk -M 4096 >/dev/null; : >"$0"; exec sleep 300' \
		"$BATS_TEST_TMPDIR/made" 3>&- &
	inner=$!
	holders+=("$inner")
	wait_for test -e "$BATS_TEST_TMPDIR/made"
	LD_PRELOAD=$preload ON_RMID="ipcrm -m 0
		echo 0 >/proc/sys/kernel/shm_next_id; ipcmk -M 8192 >/dev/null" \
		run --separate-stderr shmtool --ns "$inner" rm --max-size 4K -y -v
	[ "$status" -eq 0 ]
	[[ $output == "removed 0 "*4.0K* ]]
	[ "$(shmtool --ns "$inner" stat --tsv --no-heading -o SIZE)" = 8192 ]
}

# One row of processes: a maker that ends, then a user of what it made.  What
# is wrong goes to stderr, the numbers of attaches and of marked ones to
# stdout.
workers=$(
	cat <<'E2'
use strict;
use IPC::SysV qw(shmat shmdt memread memwrite IPC_CREAT IPC_EXCL IPC_STAT);
use Time::HiRes qw(time sleep);

my ($key, $end, $n, $attached, $marked) = ($ARGV[0], time + $ARGV[1]);

# Runs a part in a process of its own; its exit status.
sub apart {
	my $pid = fork // die "fork: $!";
	exit shift->() if $pid == 0;
	waitpid $pid, 0;
	die "a process was killed by signal ", $? & 127, "\n" if $? & 127;
	return $? >> 8;
}

sub text { pack "A4096", "$_[0] $n " x 100 }

sub make {
	my $id = shmget($key, 4096, IPC_CREAT | IPC_EXCL | 0600) // return 1;
	# From here on it is nobody's: it may be gone before it is filled.
	return shmwrite($id, text("made"), 0, 4096) ? 0 : 1;
}

sub use_it {
	my $id = shmget($key, 0, 0) // return 1;
	my $at = shmat($id, undef, 0) // return 1;
	my ($got, $status) = ("", 0);
	memread($at, $got, 0, 4096) or die "read: $!";
	$got eq text("made") or die "other contents than were made";
	for my $i (1 .. 5) {
		memwrite($at, text("use $i"), 0, 4096) or die "write: $!";
		sleep 0.001;
		memread($at, $got, 0, 4096) or die "read: $!";
		$got eq text("use $i") or die "other contents than written";
		my $ds = "";
		shmctl($id, IPC_STAT, $ds) or die "it is gone: $!";
	}
	# Marked: the key finds it no more, or finds another.
	my $now = shmget($key, 0, 0);
	$status = 2 unless defined $now && $now == $id;
	defined shmdt($at) or die "detach: $!";
	return $status;
}

while (time < $end) {
	$n++;
	next if apart(\&make) != 0;
	sleep 0.002 * rand;
	my $status = apart(\&use_it);
	die "a user failed\n" if $status > 2;
	$attached++ if $status != 1;
	$marked++ if $status == 2;
	# What is left goes, so that the next can be made.
	apart(sub {
		my $id = shmget($key, 0, 0);
		shmctl($id, 0, 0) if defined $id && rand() < 0.5;
		0;
	});
	sleep 0.002 while defined shmget($key, 0, 0) && time < $end;
}
printf "%d %d\n", $attached, $marked;
E2
)

# Says yes, but takes its time: meanwhile what was selected comes into use.
hesitant() {
	perl -e '$| = 1; for (1 .. 4) { select undef, undef, undef, 0.005;
		print "y\n" }' 2>/dev/null
}

@test "rm: --stale never takes from a process what it has attached" {
	local i ids=() status=0
	for i in 1 2 3; do
		perl -e "$workers" "$((1000 + i))" "$RACE_SECONDS" \
			>"$BATS_TEST_TMPDIR/out.$i" \
			2>"$BATS_TEST_TMPDIR/err.$i" 3>&- &
		ids+=($!)
	done
	holders+=("${ids[@]}")
	local end=$((SECONDS + RACE_SECONDS)) rounds=0 bad=0
	while ((SECONDS < end)); do
		for answer in --yes --interactive; do
			status=0
			shmtool rm --stale --idle 0 -v "$answer" \
				< <(hesitant) \
				>>"$BATS_TEST_TMPDIR/removed" \
				2>>"$BATS_TEST_TMPDIR/said" || status=$?
			rounds=$((rounds + 1))
			# 5: somebody came in the moment of the removal, and
			# was told.
			[ "$status" -eq 0 ] || [ "$status" -eq 5 ] ||
				bad=$status
		done
	done
	for i in 1 2 3; do
		wait "${ids[i - 1]}" || { cat "$BATS_TEST_TMPDIR/err.$i"; bad=1; }
		cat "$BATS_TEST_TMPDIR/out.$i"
	done
	[ "$bad" -eq 0 ]
	cat "$BATS_TEST_TMPDIR"/err.*
	[ -z "$(cat "$BATS_TEST_TMPDIR"/err.*)" ]
	# Both sides did work.
	removed=$(grep -c '^removed' "$BATS_TEST_TMPDIR/removed")
	attached=$(awk '{ n += $1 } END { print n + 0 }' \
		"$BATS_TEST_TMPDIR"/out.*)
	marked=$(awk '{ n += $2 } END { print n + 0 }' "$BATS_TEST_TMPDIR"/out.*)
	told=$(grep -c 'in the moment of its removal' \
		"$BATS_TEST_TMPDIR/said" || true)
	echo "# $rounds rounds, $removed removed, $attached attached," \
		"$marked marked meanwhile, $told told" >&3
	[ "$removed" -gt 0 ]
	[ "$attached" -gt 0 ]
	# It is an attach between the last look and the removal that marks one:
	# without that look one user in a dozen would lose its key.
	[ "$((marked * 50))" -le "$attached" ]
	# Nothing else was said, but for the questions.
	run ! grep -v '^\(remove [^?]*? \[y,n,a,q,?] \)*\(shmtool: rm: [0-9]*: .*\)*$' \
		"$BATS_TEST_TMPDIR/said"
}
