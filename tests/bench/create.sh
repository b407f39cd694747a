# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# Making one segment.
. "${0%/*}/common.sh"

# As users have it: ipcmk then loads a locale.
export LC_ALL=C.UTF-8

# Away with them before the table is full.
allow_segments
row "create" "ipcmk -M" 0.90 -n $((rounds * 5)) \
	shmtool create -s 4096 -- ipcmk -M 4096
