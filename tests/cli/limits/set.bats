# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2030,SC2031,SC2154
#
# limits --set.

load actions

@test "set: old and new, in the kernel, and how to keep it" {
	run --separate-stderr shmtool limits --set shmmni=8192
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "shmmni: 4096 -> 8192" ]
	[[ ${lines[1]} == *"shmtool limits --persist --set shmmni=8192" ]]
	[ "${#lines[@]}" -eq 2 ]
	[ -z "$stderr" ]
	[ "$(limit shmmni)" -eq 8192 ]
}

@test "set: several, as options and as operands, sizes and pages" {
	shmtool limits --set shmmax=16G shmall=1000 --set shmmni=5
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"17179869184 1000 5" ]
	shmtool limits --set shmall=1G
	[ "$(limit shmall)" -eq $((1073741824 / page)) ]
	shmtool limits --set shmall=1.00001K shm_rmid_forced=1
	[ "$(limit shmall)" -eq 1 ]
	[ "$(limit shm_rmid_forced)" -eq 1 ]
	shmtool limits --set shmmax=18446744073709551615 \
		shmall=18446744073709551615 shmmni=0 shm_rmid_forced=0
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"18446744073709551615 18446744073709551615 0" ]
}

@test "set: -n shows and changes nothing" {
	run --separate-stderr shmtool limits -n --set shmmni=8192 --persist=f
	[ "$status" -eq 0 ]
	[ "$output" = "shmmni: 4096 -> 8192
f: kernel.shmmni = 8192
nothing was changed (--dry-run)" ]
	[ "$(limit shmmni)" -eq 4096 ]
	[ ! -e f ]
	run --separate-stderr shmtool limits --set shmmni=40000 --dry-run
	[ "$status" -eq 0 ]
	message_has "shmmni" "32768" "ipcmni_extend"
}

@test "set: a refused value is explained, and those before are set back" {
	run --separate-stderr shmtool limits --set shmmax=1G shmall=5 \
		shmmni=16777217
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *"shmmni: 16777217: the kernel counts no more than \
32768 segments"* ]]
	[[ $stderr == *"shmmax: is 18446744073692774399 again"* ]]
	[[ $stderr == *"shmall: is 18446744073692774399 again"* ]]
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"18446744073692774399 18446744073692774399 4096" ]
}

@test "set: what was not changed is not set back" {
	run --separate-stderr shmtool limits --set \
		shmmax=18446744073692774399 shmall=5 shmmni=16777217
	[ "$status" -eq 1 ]
	[[ $stderr == *"shmall: is 18446744073692774399 again"* ]]
	[[ $stderr != *shmmax* ]]
}

@test "set: a value that the kernel does not keep is an error" {
	needs_mounts
	echo 5 >file
	run --separate-stderr apart 'mount --bind /dev/null \
			/proc/sys/kernel/shmall
		exec shmtool limits --set shmmni=9 shmall=7'
	[ "$status" -eq 1 ]
	# /dev/null takes all and holds no number.
	[[ $stderr == *"shmall: "* ]]
	[ "$(limit shmmni)" -eq 4096 ]
	# This file takes decimal numbers and holds hexadecimal ones.
	run --separate-stderr apart 'mount --bind /proc/$$/coredump_filter \
			/proc/sys/kernel/shmall
		exec shmtool limits --set shmmni=9 shmall=16'
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[[ $stderr == *"shmall: the kernel kept 10 instead of 16"* ]]
	[[ $stderr == *"shmall: could not be set back to 33"* ]]
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "set: warns where more is in use, and takes nothing away" {
	make 3 $((4 * page))
	run --separate-stderr shmtool limits --set shmmni=2
	[ "$status" -eq 0 ]
	message_has "shmmni: 3 segments exist, more than 2: they stay"
	run --separate-stderr shmtool limits --set shmall=11
	[ "$status" -eq 0 ]
	message_has "shmall: 12 pages are in use, more than 11: they stay"
	run --separate-stderr shmtool limits --set shmmax=$((4 * page - 1))
	[ "$status" -eq 0 ]
	message_has "shmmax: a segment has more, $((4 * page)) bytes: it stays"
	[ "$(segments)" -eq 3 ]
	run --separate-stderr shmtool limits --set shmmni=3 shmall=12 \
		shmmax=$((4 * page))
	[ -z "$stderr" ]
}

@test "set: one segment, one page, one byte" {
	make 1 1
	run --separate-stderr shmtool limits --set shmmni=0
	message_has "shmmni: 1 segment exists, more than 0: it stays"
	run --separate-stderr shmtool limits --set shmall=0
	message_has "shmall: 1 page is in use, more than 0: it stays"
	run --separate-stderr shmtool limits --set shmmax=0
	message_has "shmmax: a segment has more, 1 byte: it stays"
	run --separate-stderr shmtool limits --set shm_rmid_forced=1 -n
	message_has "would remove 1 orphaned segment"
	run --separate-stderr shmtool limits --set shm_rmid_forced=1
	message_has "removed 1 orphaned segment"
}

@test "set: a refused value warns of nothing that did not happen" {
	needs_mounts
	make 3
	run --separate-stderr apart 'mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		exec shmtool limits --set shmmni=1 shm_rmid_forced=1'
	[ "$status" -eq 1 ]
	message_has "shmmni: /proc/sys is mounted read-only"
	[ "$(segments)" -eq 3 ]
}

@test "set: shm_rmid_forced says what it removes" {
	make 3
	id=$(perl -e 'print shmget(0, 1, 0600)')
	hold "$id"
	run --separate-stderr shmtool limits --set shm_rmid_forced=1 -n
	message_has "would remove 3 orphaned segments"
	[ "$(segments)" -eq 4 ]
	run --separate-stderr shmtool limits --set shm_rmid_forced=1
	[ "$status" -eq 0 ]
	message_has "removed 3 orphaned segments"
	[ "$(segments)" -eq 1 ]
	run --separate-stderr shmtool limits --set shm_rmid_forced=1
	[ -z "$stderr" ]
}

@test "set: shm_rmid_forced removes nothing where anything else fails" {
	needs_mounts
	make 3
	ln -s target link
	mkdir dir
	local -a failing=(
		"shm_rmid_forced=1 shmmni=99999999"
		"shmmni=99999999 shm_rmid_forced=1"
		"shm_rmid_forced=1 --persist=absent/file"
		"shm_rmid_forced=1 --persist=link"
		"shm_rmid_forced=1 --persist=dir"
	)
	for line in "${failing[@]}"; do
		# shellcheck disable=SC2086
		run --separate-stderr shmtool limits --set $line
		[ "$status" -eq 1 ] || { echo "$line: $status"; return 1; }
		[ -z "$output" ]
		[[ $stderr != *remove* ]]
		[ "$(segments)" -eq 3 ] || { echo "$line"; return 1; }
		[ "$(limit shm_rmid_forced) $(limit shmmni)" = "0 4096" ]
	done
	# The kernel takes the values, and only the rename fails.
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	echo "# ours" >file
	run --separate-stderr strace -qq -o calls \
		-e trace=renameat,renameat2,linkat \
		-e inject=renameat,renameat2,linkat:error=EIO \
		shmtool limits --set shm_rmid_forced=1 shmmni=50 --persist=file
	grep -q INJECTED calls || skip "strace cannot inject here"
	[ "$status" -eq 1 ]
	[[ $stderr == *"file: Input/output error"* ]]
	[[ $stderr == *"shmmni: is 4096 again"* ]]
	[ "$(segments)" -eq 3 ]
	[ "$(cat file)" = "# ours" ]
	[ "$(limit shm_rmid_forced) $(limit shmmni)" = "0 4096" ]
}

@test "set: where the last step fails, the file of --persist is as it was" {
	command -v strace >/dev/null || skip "no strace here"
	is_plain || skip "the program has to be the child of strace"
	local before file options
	printf '# ours\nkernel.shmmni = 5000' >old
	chmod 640 old
	# The second fsync(2) is that of the directory, after the rename.
	failing=("-P $sysctl/shm_rmid_forced -e inject=write:error=EIO"
		"-e inject=fsync:error=EIO:when=2")
	for file in old new; do for options in "${failing[@]}"; do
		before=$(stat -c %a old; md5sum "$file" 2>&1) || true
		# shellcheck disable=SC2086
		run --separate-stderr strace -qq -o calls \
			-e trace=write,fsync $options \
			shmtool limits --set shm_rmid_forced=1 shmmni=50 \
			--persist="$file"
		grep -q INJECTED calls || skip "strace cannot inject here"
		[ "$status" -eq 1 ]
		[ -z "$output" ]
		[[ $stderr == *": Input/output error"* ]]
		[[ $stderr == *"shmmni: is 4096 again"* ]]
		[ "$before" = "$(stat -c %a old; md5sum "$file" 2>&1)" ]
		[ "$(limit shm_rmid_forced) $(limit shmmni)" = "0 4096" ]
	done; done
	[ -z "$(find . -name '.?*')" ]
}

@test "set: default is what the kernel begins with" {
	shmtool limits --set shmmax=1G shmall=1000 shmmni=77
	run --separate-stderr shmtool limits --set shmmax=default \
		shmall=default shmmni=default shm_rmid_forced=default
	[ "$status" -eq 0 ]
	[ "$(limit shmmax) $(limit shmall) $(limit shmmni)" = \
		"18446744073692774399 18446744073692774399 4096" ]
	[[ $output == *"shmmni: 77 -> 4096"* ]]
	[[ $output == *"shm_rmid_forced: 0 -> 0"* ]]
}

@test "set: an ordinary user is told who may, and that is 4" {
	needs_root
	run --separate-stderr without_privilege shmtool limits \
		--set shmmni=8192
	[ "$status" -eq 4 ]
	message_has "limits: shmmni: Permission denied" \
		"sudo shmtool limits --set shmmni=8192"
	[ "$(limit shmmni)" -eq 4096 ]
	run without_privilege shmtool limits --set shmmni=8192 -n
	[ "$status" -eq 0 ]
}

@test "set: no right to the second leaves the first, and is 4" {
	needs_mounts
	echo 5 >file
	chmod 0444 file
	run --separate-stderr apart "$(declare -f without_privilege)"'
		mount --bind "$0" /proc/sys/kernel/shmall
		exec setpriv --bounding-set=-all --inh-caps=-all \
			shmtool limits --set shmmni=9 shmall=7' "$PWD/file"
	[ "$status" -eq 4 ]
	# It is seen before anything is set.
	message_has "shmall: Permission denied"
	[ "$(limit shmmni)" -eq 4096 ]
}

@test "set: a read-only /proc/sys is told as such" {
	needs_mounts
	run --separate-stderr apart 'mount --bind /proc/sys /proc/sys
		mount -o remount,bind,ro /proc/sys
		exec shmtool limits --set shmmni=9'
	[ "$status" -eq 1 ]
	message_has "shmmni: /proc/sys is mounted read-only"
}

@test "set: options that stand alone name the action they are for" {
	run --separate-stderr shmtool limits -n
	message_has "--dry-run: only with --set"
	run --separate-stderr shmtool limits --tsv
	message_has "--tsv: only with --usage"
	run --separate-stderr shmtool limits --usage --ram 8G
	message_has "--ram: not with --usage"
	run --separate-stderr shmtool limits --usage --check
	[ "$status" -eq 3 ]
	message_has "either --usage or --check"
	[[ $output == "SHM UNKNOWN - "* ]]
}

@test "set: a wrong command line is 2 and changes nothing" {
	local -a wrong=(
		"--set" "--set shmmax" "--set =5" "--set shmmax=" "--set x=1"
		"--set shmmax=1x" "--set shmmax=-1" "--set shmmax=16E"
		"--set shmall=1.5" "--set shmall=18446744073709551616"
		"--set shmmni=1K" "--set shmmni=-1" "--set shmmni=2147483648"
		"--set shm_rmid_forced=2" "--set shm_rmid_forced=yes"
		"--set kernel.msgmax=1" "--set sem=1" "--set shmmaxx=1"
		"--set shmmni=1 --set shmmni=2" "--set shmmni=1 shmmni=1"
		"--set shmmni=1 x" "--set shmmni=1 --json" "shmmni=1"
		"--set shmmni=1 --usage" "--set shmmni=1 -l" "--persist=f -n"
		"--set shmmni=1 --persist=" "--advise=huge" "--advise general"
		"--advise --ram" "--advise --ram 1K" "--advise --ram 8x"
		"--advise --tsv" "--advise -b" "--usage --tsv --json"
		"--usage --human" "--usage --prometheus" "--prometheus --json"
		"--usage -w 5" "--prometheus -m"
	)
	are_wrong limits "${wrong[@]}"
	[ "$(limit shmmax) $(limit shmmni)" = "18446744073692774399 4096" ]
	[ ! -e f ]
}

@test "limits: --set takes the name as sysctl has it" {
	run --separate-stderr shmtool limits -n --set kernel.shmmni=77
	[ "$status" -eq 0 ]
	[[ $output == *"shmmni: "*" -> 77"* ]]
	run --separate-stderr shmtool limits -n --set kernel.shmfoo=77
	[ "$status" -eq 2 ]
	message_has "--set: kernel.shmfoo=77: not NAME=VALUE"
	run --separate-stderr shmtool limits -n --set shmmni=7 kernel.shmmni=8
	[ "$status" -eq 2 ]
	message_has "kernel.shmmni=8: given twice"
}
