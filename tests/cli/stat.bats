# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2030,SC2031

load common

make_segment() {
	id=$(ipcmk -M "${1:-4096}" -p "${2:-0600}" | tr -dc 0-9)
}

# One value: cell ID COLUMN.
cell() {
	shmtool stat --tsv --no-heading -o "$2" "id:$1"
}

@test "stat: without segments a heading alone, and nothing without it" {
	run --separate-stderr shmtool stat
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == ID* && -z $stderr ]]
	[ -z "$(shmtool stat --no-heading)" ]
	[ "$(shmtool stat --json)" = '{"complete": true, "segments": []}' ]
}

@test "stat: a row for each segment, as ipcs has them" {
	make_segment 4096 0600
	make_segment 5000 0644
	make_segment 100000 0
	[ "$(shmtool stat --tsv --no-heading -b -o KEY,ID,OWNER,PERMS,SIZE,NATTCH)" = \
		"$(ipcs -m | awk '/^0x/ { printf "%s\t%s\t%s\t%04d\t%s\t%s\n",
			$1, $2, $3, $4, $5, $6 }')" ]
}
