# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# The JSON of stat, read by a strict parser.

load ../common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# Standard input as perl sees it: json '{segments}[0]{key}' prints that part as
# canonical JSON, so that strings keep their quotes.  Only one value, of valid
# UTF-8, with a newline behind it, and no name twice in an object: what is said
# twice is lost when it is encoded again.
json() {
	perl -MJSON::PP -e '
		binmode STDIN;
		local $/;
		my $text = <STDIN>;
		$text =~ /\A[^\n]+\n\z/ or die "not one line\n";
		my $json = JSON::PP->new->utf8->canonical->allow_nonref;
		my $value = $json->decode($text);
		my ($flat, $again) = ($text, $json->encode($value));
		s/"(?:\\.|[^"\\])*"|[ \n]//g for $flat, $again;
		length $flat == length $again or die "a name twice\n";
		my $part = eval "\$value->$ARGV[0]";
		die $@ if $@;
		print $json->encode($part), "\n";' "$1"
}

# names PART: the names of an object, sorted, with commas between.
names() {
	json "$1" | perl -MJSON::PP -e '
		print join(",", sort keys %{decode_json(<STDIN>)}), "\n"'
}

segment_names=atime,ccommand,ccommand_life,cgid,cgroup,cpid,creator,ctime,cuid
segment_names+=,dtime,gid,group,id,idle,key,key_hex,kind,lcommand,lcommand_life,lpid
segment_names+=,name,nattch,owner,perms,rss,size,status,swap,uid

@test "stat --json: without segments an empty array" {
	[ "$(shmtool stat --json | json '{segments}')" = '[]' ]
	[ "$(shmtool stat --json | json '{complete}')" = true ]
	[ "$(shmtool stat -P --json | json '{attachments}')" = '[]' ]
	[ "$(shmtool stat -u --json | json '{summary}{segments}')" = 0 ]
}

@test "stat --json: a segment's members, and their types" {
	id=$(shmtool create -k 0x4d2 -s 1572864 -m 0640)
	shmtool stat --json >"$BATS_TEST_TMPDIR/out"
	part() { json "{segments}[0]{$1}" <"$BATS_TEST_TMPDIR/out"; }
	[ "$(names '{segments}[0]' <"$BATS_TEST_TMPDIR/out")" = "$segment_names" ]
	[ "$(part id)" = "$id" ]
	[ "$(part key)" = 1234 ]
	[ "$(part key_hex)" = '"0x000004d2"' ]
	[ "$(part owner)" = "\"$(id -un)\"" ]
	[ "$(part cgroup)" = "\"$(id -gn)\"" ]
	[ "$(part uid)" = "$(id -u)" ]
	[ "$(part cgid)" = "$(id -g)" ]
	[ "$(part perms)" = '"0640"' ]
	[ "$(part size)" = 1572864 ]
	[ "$(part rss)" = 0 ]
	[ "$(part swap)" = 0 ]
	[ "$(part nattch)" = 0 ]
	[ "$(part status)" = '[]' ]
	[[ $(part cpid) =~ ^[0-9]+$ ]]
	[ "$(part ccommand)" = null ]
	[ "$(part ccommand_life)" = '"gone"' ]
	[ "$(part lpid)" = null ]
	[ "$(part lcommand)" = null ]
	[ "$(part lcommand_life)" = '"none"' ]
	[ "$(part atime)" = null ]
	[ "$(part dtime)" = null ]
	[[ $(part ctime) =~ ^[0-9]{10,}$ ]]
	[[ $(part idle) =~ ^[0-9]+$ ]]
}

@test "stat --json: keys are unsigned, words an array, the last user known" {
	id=$(shmtool create -k 0xfffffff0 -s 1)
	shmtool set --lock "$id"
	NAME=using hold "$id"
	part() { shmtool stat --json | json "{segments}[0]{$1}"; }
	[ "$(part key)" = 4294967280 ]
	[ "$(part key_hex)" = '"0xfffffff0"' ]
	[ "$(part lcommand)" = '"using"' ]
	[ "$(part lcommand_life)" = '"alive"' ]
	[ "$(part lpid)" = "$holder" ]
	ipcrm -m "$id"
	[ "$(part status)" = '["dest","locked"]' ]
	[ "$(part key)" = 4294967280 ]
}

@test "stat --json: a lost key is null" {
	needs_root
	id=$(shmtool create -k 0x4d2 -s 1)
	hold "$id"
	ipcrm -m "$id"
	run --separate-stderr without_privilege shmtool stat --json
	[ "$(json '{segments}[0]{key}' <<<"$output")" = null ]
	[ "$(json '{segments}[0]{key_hex}' <<<"$output")" = null ]
	[ "$(without_privilege shmtool stat --tsv --no-heading -o KEY)" = - ]
}

@test "stat --json: the same names in every view" {
	make_segment
	[ "$(shmtool stat -t --json | names '{segments}[0]')" = \
		atime,ctime,dtime,id,idle,key,key_hex,kind,name,owner ]
	[ "$(shmtool stat -p --json | names '{segments}[0]')" = \
		ccommand,ccommand_life,cpid,id,key,key_hex,kind,lcommand,lcommand_life,lpid,name,owner ]
	[ "$(shmtool stat -c --json | names '{segments}[0]')" = \
		cgroup,creator,group,id,key,key_hex,kind,name,owner,perms ]
	[ "$(shmtool stat -o SIZE,ID,size --json | names '{segments}[0]')" = \
		id,kind,name,size ]
	[ "$(shmtool stat -o +NS --json | names '{segments}[0]')" = \
		"${segment_names/nattch/nattch,ns}" ]
	[ "$(shmtool stat -u --json | names '{summary}')" = \
		dest,largest,pages,rss,segments,size,swap,unattached ]
}

@test "stat --json: with operands attachments, the proof and more" {
	make_segment
	NAME=holding hold "$id"
	shmtool stat --json "$id" >"$BATS_TEST_TMPDIR/out"
	part() { json "{segments}[0]$1" <"$BATS_TEST_TMPDIR/out"; }
	[ "$(names '{segments}[0]' <"$BATS_TEST_TMPDIR/out")" = \
		"$(tr , '\n' <<<"$segment_names,attachments,proof,logout_removes,postgresql" |
			sort | paste -sd,)" ]
	[ "$(names '{segments}[0]{attachments}[0]' \
		<"$BATS_TEST_TMPDIR/out")" = \
		access,address,command,maps,pid,size,user ]
	[ "$(part '{attachments}[0]{pid}')" = "$holder" ]
	[ "$(part '{attachments}[0]{command}')" = '"holding"' ]
	[ "$(part '{attachments}[0]{user}')" = "\"$(id -un)\"" ]
	[ "$(part '{attachments}[0]{access}')" = '"rw"' ]
	[[ $(part '{attachments}[0]{address}') =~ ^\"0x[0-9a-f]+\"$ ]]
	[ "$(part '{attachments}[0]{size}')" = 4096 ]
	[ "$(part '{attachments}[0]{maps}')" = 1 ]
	[ "$(part '{proof}{stale}')" = false ]
	[ "$(part '{proof}{unattached}')" = false ]
	[ "$(part '{proof}{not_dest}')" = true ]
	[ "$(part '{proof}{creator_gone}')" = true ]
	[ "$(part '{proof}{last_user_gone}')" = false ]
	[ "$(part '{proof}{idle_enough}')" = false ]
	# -P of an operand is the same answer.
	[ "$(shmtool stat -P --json "$id" | names '{segments}[0]')" = \
		"$(names '{segments}[0]' <"$BATS_TEST_TMPDIR/out")" ]
}

@test "stat --json: PROCS brings the attachments along" {
	make_segment
	hold "$id"
	run shmtool stat --json -o ID,PROCS
	[ "$(names '{segments}[0]' <<<"$output")" = \
		attachments,id,kind,name,procs ]
	[ "$(json '{segments}[0]{procs}' <<<"$output")" = 1 ]
}

@test "stat --json: processes at the top with -P" {
	make_segment
	hold "$id"
	run shmtool stat --json -P
	[ "$(names '{attachments}[0]' <<<"$output")" = \
		access,address,command,id,key,key_hex,kind,maps,name,pid,size,user ]
	[ "$(json '{attachments}[0]{id}' <<<"$output")" = "$id" ]
	[ "$(json '{complete}' <<<"$output")" = true ]
}

@test "stat --json: absent operands leave the others, and valid JSON" {
	make_segment
	run --separate-stderr shmtool stat --json 99999 "$id"
	[ "$status" -eq 3 ]
	[ "$(json '{segments}[0]{id}' <<<"$output")" = "$id" ]
	run --separate-stderr shmtool stat --json 99999
	[ "$status" -eq 3 ]
	[ "$(json '{segments}' <<<"$output")" = '[]' ]
}

@test "stat --json: of all namespaces" {
	needs_root
	run --separate-stderr shmtool stat --all-ns --json -u
	[[ $(json '{summaries}[0]{ns}' <<<"$output") =~ ^[0-9]+$ ]]
	[ "$(names '{summaries}[0]' <<<"$output")" = \
		dest,largest,ns,nscommand,nspid,pages,rss,segments,size,swap,unattached ]
	make_segment
	run --separate-stderr shmtool stat --all-ns --json --idle 0
	[[ $(names '{segments}[0]' <<<"$output") == *,ns,nscommand,nspid,* ]]
}

@test "stat --json: sorted as the table is" {
	make_segment 5000
	make_segment 100
	[ "$(shmtool stat --json --sort SIZE -o SIZE |
		json '{segments}')" = '[{"size":100},{"size":5000}]' ]
	[ "$(shmtool stat --json --sort SIZE --reverse -o SIZE |
		json '{segments}')" = '[{"size":5000},{"size":100}]' ]
}

@test "stat --json: hostile command names stay valid, and are told exactly" {
	make_segment
	command_is() {
		NAME=$1 hold "$id"
		shmtool stat --json -P | json '{attachments}[-1]{command}' \
			>"$BATS_TEST_TMPDIR/command"
		release
		[ "$(cat "$BATS_TEST_TMPDIR/command")" = "$2" ] || {
			cat "$BATS_TEST_TMPDIR/command"
			return 1
		}
	}
	command_is 'a"b\c' '"a\"b\\c"'
	command_is $'a\nb\tc' '"a\nb\tc"'
	command_is $'\033[2J' '"\u001b[2J"'
	command_is $'\177' "\"$(printf '\177')\""
	command_is 'a,b:{}[]' '"a,b:{}[]"'
	command_is $'\xc3\xbc' "\"$(printf '\303\274')\""
	# The first and the last of three bytes and of four.
	local char
	for char in $'\xe0\xa0\x80' $'\xed\x9f\xbf' $'\xef\xbf\xbd' \
		$'\xf0\x90\x80\x80' $'\xf4\x8f\xbf\xbf'; do
		command_is "$char" "\"$char\""
	done
	# Not UTF-8: one U+FFFD for each byte.
	local wrong=$'\xef\xbf\xbd'
	command_is $'a\xffb' "\"a${wrong}b\""
	command_is $'\xc3' "\"$wrong\""
	command_is $'\xc0\xaf' "\"$wrong$wrong\""
	command_is $'\xe0\x9f\xbf' "\"$wrong$wrong$wrong\""
	command_is $'\xf0\x8f\xbf\xbf' "\"$wrong$wrong$wrong$wrong\""
	command_is $'\xed\xa0\x80' "\"$wrong$wrong$wrong\""
	command_is $'\xf4\x90\x80\x80' "\"$wrong$wrong$wrong$wrong\""
	# The kernel cuts at 15 bytes, here inside a character.
	command_is $'12345678901234\xc3\xbc' "\"12345678901234$wrong\""
}

@test "stat --json: no byte of it controls a terminal" {
	make_segment
	NAME=$'\xc2\x9b2J\177\033\x07' hold "$id"
	shmtool stat --json "$id" >"$BATS_TEST_TMPDIR/out"
	run grep -aP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' \
		"$BATS_TEST_TMPDIR/out"
	[ "$status" -eq 1 ]
	grep -q '\\u009b2J\\u007f\\u001b' "$BATS_TEST_TMPDIR/out"
	json '{segments}[0]{id}' <"$BATS_TEST_TMPDIR/out"
}

@test "stat --json: hostile owner names stay valid" {
	needs_root
	needs_mounts
	make_segment
	shmtool set -u 4242:4343 "$id"
	cp /etc/passwd /etc/group "$BATS_TEST_TMPDIR"
	printf 'a"\\\033\377\303\274:x:4242:0::/:/bin/sh\n' \
		>>"$BATS_TEST_TMPDIR/passwd"
	printf '"},{"id:x:4343:\n' >>"$BATS_TEST_TMPDIR/group"
	unshare --mount sh -c '
		mount --bind "$1/passwd" /etc/passwd
		mount --bind "$1/group" /etc/group
		shmtool stat --json' - "$BATS_TEST_TMPDIR" \
		>"$BATS_TEST_TMPDIR/out"
	[ "$(json '{segments}[0]{owner}' <"$BATS_TEST_TMPDIR/out")" = \
		$'"a\\"\\\\\\u001b\xef\xbf\xbd\xc3\xbc"' ]
	[ "$(json '{segments}[0]{group}' <"$BATS_TEST_TMPDIR/out")" = \
		'"\"},{\"id"' ]
}

@test "stat --json: 300 segments, each once" {
	perl -e 'shmget(0, $_, 0600) // die $! for 1 .. 300'
	[ "$(shmtool stat --json --sort SIZE | json '{segments}[299]{size}')" = 300 ]
	[ "$(shmtool stat --json | json '{segments}' |
		grep -o '"size":' | wc -l)" -eq 300 ]
}
