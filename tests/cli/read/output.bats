# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031
#
# read: -O FILE, pipes, sockets and failing outputs.

load ../common
load segment

@test "read: a dump to a pipe that does not wait arrives whole" {
	id=$(shmtool create -s 1M)
	shmtool write -f <(perl -e 'print pack "N*", 1 .. 1 << 18') "$id"
	[ "$(shmtool read -x "$id" | md5sum)" = "$(perl -MFcntl -e '
		pipe(my $r, my $w) or die;
		if (fork == 0) {
			fcntl($w, F_SETFL, O_NONBLOCK) or die;
			open STDOUT, ">&", $w or die;
			close $r;
			exec "shmtool", "read", "-x", $ARGV[0];
		}
		close $w;
		select undef, undef, undef, 0.2;
		print while <$r>;
		wait;
		exit $? >> 8' "$id" | md5sum)" ]
}

@test "read: raw bytes to a pipe, a file, and FILE, the same from each" {
	make_random 300001
	shmtool read "$id" | cmp - data
	shmtool read "$id" >out
	cmp out data
	shmtool read -O out2 "$id"
	cmp out2 data
	: >out3
	shmtool read "$id" >>out3
	cmp out3 data
	shmtool read -O - "$id" | cmp - data
}

@test "read: a full and a closed output are 1" {
	make_segment 100000
	run --separate-stderr bash -c "shmtool read $id >/dev/full"
	[ "$status" -eq 1 ]
	message_has "standard output"
	run --separate-stderr bash -c "shmtool read $id >&-"
	[ "$status" -eq 1 ]
	message_has "standard output"
	run --separate-stderr bash -c "shmtool read -x $id >/dev/full"
	[ "$status" -eq 1 ]
}

@test "read: -O is interrupted in the search of a large hole, too" {
	! is_valgrind || skip "valgrind has no room for 15 TiB"
	id=$(shmtool create -s 15T --no-reserve)
	printf x | shmtool write -o 14T "$id"
	# A mapping is searched page by page.
	run --separate-stderr timeout -k 5 0.5 setpriv --bounding-set=-all \
		--inh-caps=-all shmtool read -O large "$id"
	[ "$status" -eq 124 ]
	message_has "read: $id: interrupted"
	[ ! -e large ]
}

@test "read: -O replaces as a whole, keeps the mode, follows no link" {
	make_random 5000
	echo old >target
	chmod 640 target
	shmtool read -O target "$id"
	cmp target data
	[ "$(stat -c %a target)" = 640 ]
	chmod 0 target
	shmtool read -O target "$id"
	[ "$(stat -c %a target)" = 0 ]
	chmod 640 target
	shmtool read -O new "$id"
	[ "$(stat -c %a new)" = 600 ]
	ln -sf target link
	run --separate-stderr shmtool read -O link -n 1 "$id"
	[ "$status" -eq 1 ]
	message_has "read: link:" "link"
	cmp target data
	run --separate-stderr shmtool read -O no/such/folder "$id"
	[ "$status" -eq 1 ]
	message_has "no/such/folder"
	shmtool read -O /dev/null "$id"
	mkfifo fifo
	shmtool read -O fifo "$id" &
	cmp fifo data
	# A signal while it waits for a reader ends it without a word.
	run --separate-stderr timeout --preserve-status 1 \
		shmtool read -O fifo "$id"
	[ "$status" -eq 143 ]
	[ -z "$stderr" ]
	[ -z "$(find . -name ".*" -type f)" ]
}

@test "read: -O where a file needs a name from its beginning" {
	is_plain || skip "an instrumented program needs /proc"
	needs_mounts
	make_random 5000
	mkdir named
	echo old >named/there
	# Without /proc a file without one could not be given one.
	unshare -m bash -c "mount -t tmpfs none /proc || exit 77
		cd named && shmtool read -O there $id &&
		shmtool read -O new $id &&
		! (ulimit -f 1; shmtool read -O large $id 2>../err)" ||
		{ [ $? -eq 77 ] && skip "/proc cannot be hidden here"; }
	cmp named/there data
	cmp named/new data
	grep -q "File too large" err
	[ "$(ls -A named)" = $'new\nthere' ]
}

@test "read: -O trusts neither a link, a pipe nor a mode of another user" {
	needs_root "other users are needed"
	make_random 5000
	mkdir -m 1777 shared
	mkfifo pipe
	ln -s "$PWD/pipe" shared/link
	: >shared/file
	chmod 666 shared/file
	chown -h 65534:65534 shared/link shared/file
	# It would wait for a reader.
	run --separate-stderr timeout 10 shmtool read -O shared/link "$id"
	[ "$status" -eq 1 ]
	message_has "read: shared/link:" "link of another user"
	shmtool read -O shared/file "$id"
	cmp shared/file data
	[ "$(stat -c %a:%u shared/file)" = 600:0 ]
	mkfifo shared/pipe
	chown 65534 shared/pipe
	timeout 10 cat shared/pipe >leak &
	run --separate-stderr timeout 10 shmtool read -O shared/pipe "$id"
	[ "$status" -eq 1 ]
	message_has "read: shared/pipe:" "pipe of another user"
	kill $!
	[ ! -s leak ]
	# Anybody may have put a link to a file of ours there.
	: >mine
	chmod 666 mine
	ln mine shared/mine
	shmtool read -O shared/mine "$id"
	cmp shared/mine data
	[ "$(stat -c %a shared/mine)" = 600 ]
	[ ! -s mine ]
	# Those of root, and of our own, are followed.
	[ "$(shmtool read -O /dev/stdout -n 9 "$id" | wc -c)" -eq 9 ]
	ln -s pipe own
	shmtool read -O own "$id" &
	cmp pipe data
}

@test "read: -O trusts no pipe that comes to its name in the last moment" {
	needs_root "other users are needed"
	is_plain || skip "an instrumented program takes no preload"
	command -v cc >/dev/null || skip "no C compiler"
	cat >swap.c <<-'TXT'
	#include <dlfcn.h>
	#include <stdio.h>
	#include <string.h>

	int
	open64(const char *path, int flags, unsigned mode)
	{
		int (*real)(const char *, int, unsigned) =
		    dlsym(RTLD_NEXT, "open64");

		if (strcmp(path, "place/pipe") == 0)
			rename("place/other", "place/pipe");
		return real(path, flags, mode);
	}

	int
	__open64_2(const char *path, int flags)
	{
		return open64(path, flags, 0);
	}
	TXT
	cc -D_GNU_SOURCE -shared -fPIC -o swap.so swap.c -ldl
	make_random 5000
	mkdir place
	mkfifo place/pipe place/other
	chown 65534 place/other
	exec 7<>place/other
	LD_PRELOAD=$PWD/swap.so run --separate-stderr timeout 10 \
		shmtool read -O place/pipe "$id"
	[ "$status" -eq 1 ]
	message_has "read: place/pipe: a pipe of another user"
	read -rt 0 -u 7 && return 1
	exec 7>&-
	[ "$(stat -c %u place/pipe)" -eq 65534 ]
}

@test "read: -O of what cannot be written says why, and leaves it" {
	make_random 5000
	mkdir folder
	ln -s nowhere dangling
	for file in "folder: Is a directory" "dangling: No such file" \
		"/dev/full: No space left"; do
		run --separate-stderr shmtool read -O "${file%:*}" "$id"
		[ "$status" -eq 1 ]
		message_has "read: $file"
	done
	[ -z "$(ls -A folder)" ]
	[ -L dangling ] && [ ! -e nowhere ]
	run --separate-stderr shmtool read -x -O /dev/full "$id"
	[ "$status" -eq 1 ]
	message_has "read: /dev/full: No space left"
}

@test "read: -O beyond RLIMIT_FSIZE is told, and leaves nothing" {
	make_random 100000
	run --separate-stderr bash -c "ulimit -f 10; shmtool read -O large $id"
	[ "$status" -eq 1 ]
	message_has "read: large: File too large"
	[ -z "$(find . -name "*large*")" ]
	run --separate-stderr bash -c "ulimit -f 10; shmtool read -x -O large $id"
	[ "$status" -eq 1 ]
	message_has "read: large: File too large"
	[ -z "$(find . -name "*large*")" ]
}

# To a reader that takes nothing before $1 has been done.
read_late() {
	mkfifo late
	{
		: >opened
		until test -e changed; do sleep 0.05; done
		cat >got
	} <late 3>&- &
	reader=$!
	shmtool read -n 8192 "$id" >late
	wait_for test -e opened
	perl -e 'shmwrite($ARGV[0], "B" x 8192, 0, 8192) or die' "$id"
	: >changed
	wait "$reader"
	[ "$(tr -s AB <got)" = "$1" ]
	[ "$(wc -c <got)" -eq 8192 ]
}

@test "read: a pipe has what was there while reading, never a later store" {
	cd "$BATS_TEST_TMPDIR"
	make_segment 8192
	shmtool write -zA "$id"
	read_late A
}

@test "read: the same bytes to a socket" {
	make_random 300001
	perl -MSocket -e 'socketpair my $a, my $b, AF_UNIX, SOCK_STREAM, 0
		or die;
		if (!(fork // die)) {
			close $a;
			open STDOUT, ">&", $b or die;
			exec qw(shmtool read), $ARGV[0];
		}
		close $b;
		print while <$a>;' "$id" | cmp - data
}
