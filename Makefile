# SPDX-License-Identifier: BSD-2-Clause
#
# shmtool: System V shared memory, inspected, held, filled, saved, removed.
#
# Variables, for the command line or the environment:
#   PREFIX, DESTDIR, BINDIR, LIBDIR, INCLUDEDIR, MANDIR, DATADIR  where to
#   CC, CFLAGS, CPPFLAGS, LDFLAGS   yours come last, so that yours win
#   WERROR=1        warnings are errors
#   STATIC_BSD=     links libbsd dynamically though its archive is there
#   BUILD           where objects go (build)
#   TESTS           test files for check, all of them by default
#   FAULT_SECONDS, FUZZ_SECONDS, FUZZ_RUNS, STRESS_SECONDS, BENCH_QUICK=1
#                   how long

VERSION := $(shell sed -n 's/^.define SHMT_VERSION "\(.*\)"/\1/p' lib/shmtool.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
INSTALL ?= install
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -g
BUILD ?= build

# Sources, without directory and suffix.
LIB := \
	archive/contents archive/digest archive/meta archive/name archive/pair \
	archive/restore archive/save bytes/allocation bytes/copy bytes/memcg \
	bytes/prefault bytes/view bytes/view_file bytes/view_map \
	bytes/view_remote info limits/advice limits/dev_shm limits/diagnose \
	limits/limits limits/logind limits/sysctl limits/tmpfs object posix \
	posix_create posix_list posix_remove ref sys/array sys/atomic_file \
	sys/file sys/meminfo sys/mounts sys/parse sys/resident sys/semaphore \
	sys/thread sys/walk sysv sysv_list unnamed users/holders users/ids \
	users/lease users/maps users/namespace users/postgresql users/process \
	users/scan users/scan_process users/select users/shm_mount users/stale
CMD := \
	archive attach attachments child collect columns create create/input \
	create/object create/segment diagnose diagnose_object filter groups \
	holders limits limits/advise limits/check limits/ipcs limits/metrics \
	limits/sample limits/set limits/setting limits/sums limits/usage main \
	namespace operand option_values output read read/dump read/values \
	read/watch \
	reaper restore rm rm/dialogue rm/explain_filter rm/object \
	rm/plan rm/removal rm/report rm/segment rows save semaphore set stat \
	stat/account stat/detail stat/event stat/object_watch \
	stat/show stat/view stat/watch transfer ui/column ui/json \
	ui/message ui/options ui/progress ui/safe ui/signals ui/stream \
	ui/suggest ui/table ui/terminal ui/text ui/value ui/wait write
UNITS := \
	archive archive_pair copy copy_pipe diagnose fault fault_bytes \
	fault_posix files hidden holders holders_hidden lease lease_removal \
	limits logind maps memcg meta parse posix posix_change process race \
	select select_stale semaphore stale sysv sysv_list view_remote
MAN := \
	man/shmtool.1 \
	man/shmtool.3 \
	man/shmtool-attach.1 \
	man/shmtool-create.1 \
	man/shmtool-limits.1 \
	man/shmtool-restore.1 \
	man/shmtool-rm.1 \
	man/shmtool-save.1 \
	man/shmtool-read.1 \
	man/shmtool-write.1 \
	man/shmtool-set.1 \
	man/shmtool-stat.1
# Every page of section 1 is there in Korean too.
MAN_KO := $(patsubst man/%,man/ko/%,$(filter %.1,$(MAN)))

BSD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libbsd-overlay)
BSD_LIBS := $(shell $(PKG_CONFIG) --libs libbsd-overlay) -lmd
STATIC_BSD := $(findstring /,$(shell $(CC) -print-file-name=libbsd.a))
# The program starts faster without two more shared libraries.
PROGRAM_BSD := $(if $(STATIC_BSD),-l:libbsd.a -l:libmd.a,$(BSD_LIBS))

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wcast-qual -Wwrite-strings \
	-Wformat=2 -Wundef -Wvla $(if $(WERROR),-Werror)
FORTIFY := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDEN := -fstack-protector-strong -fPIC $(FORTIFY)
DEFINES := -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64 \
	-DLIBBSD_NETBSD_VIS
# The same bytes, wherever the tree is.
PREFIX_MAP := -ffile-prefix-map=$(CURDIR)=.
ALL_CFLAGS := -std=gnu11 $(WARN) $(HARDEN) $(PREFIX_MAP) $(DEFINES) -iquote lib -iquote cmd $(BSD_CFLAGS) \
	$(CPPFLAGS) $(CFLAGS)
LINK := -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed -Wl,-O1

LIB_OBJ := $(LIB:%=$(BUILD)/lib/%.o)
CMD_OBJ := $(CMD:%=$(BUILD)/cmd/%.o)
BENCH := $(BUILD)/tests/bench/pair $(BUILD)/tests/bench/crowd
UNIT := $(UNITS:%=$(BUILD)/tests/unit/%)
DIST := shmtool-$(VERSION)
ARCHIVE := $(BUILD)/libshmtool.a
SHARED := $(BUILD)/libshmtool.so.$(VERSION)
SONAME := libshmtool.so.$(SOVERSION)
TESTS ?= $(UNIT) $(wildcard tests/cli/*.bats tests/cli/*/*.bats)

.DELETE_ON_ERROR:
.PHONY: all bench check check-asan check-deb check-distros check-fault \
	check-install check-kernels check-man check-stress check-user \
	check-valgrind clean coverage deb dist distcheck fuzz help install \
	lint portable uninstall

all: $(BUILD)/shmtool $(ARCHIVE) $(SHARED) $(BUILD)/libshmtool.pc ## builds

help: ## lists the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | expand -t 16

# Objects are made again when the flags change.
$(BUILD)/flags: .FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || \
		echo '$(CC) $(ALL_CFLAGS)' >$@
.FORCE:

$(BUILD)/%.o: %.c $(BUILD)/flags Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(ARCHIVE): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcsD $@ $^

$(SHARED): $(LIB_OBJ) lib/shmtool.map
	$(CC) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=lib/shmtool.map \
		$(LINK) $(CFLAGS) $(LDFLAGS) -o $@ $(LIB_OBJ) $(BSD_LIBS)

$(BUILD)/shmtool: $(CMD_OBJ) $(ARCHIVE)
	$(CC) -pie $(LINK) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PROGRAM_BSD)

# Made each time: PREFIX may be another one when it is installed.
$(BUILD)/libshmtool.pc: lib/libshmtool.pc.in .FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' \
		$< >$@

$(UNIT): $(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVE)
	$(CC) -pie $(LINK) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(BSD_LIBS)

# Those in which calls are made to fail.
FAULTY := copy copy_pipe fault fault_bytes fault_posix files hidden holders \
	holders_hidden lease lease_removal maps posix posix_change view_remote
$(FAULTY:%=$(BUILD)/tests/unit/%): $(BUILD)/tests/fault/preload.o

# One count for all: bats and cmocka both speak TAP.  What fails is shown, and
# why what is skipped was.
PROVE := prove --failures --comments --directives --exec tests/run
PROVE_ALL = $(PROVE) -j$(or $(JOBS),4)

check: all $(UNIT) ## runs all tests as the present user
	SHMTOOL_BIN=$(abspath $(BUILD)) $(PROVE_ALL) $(TESTS)

check-user: all $(UNIT) ## runs all tests as nobody, for root
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		env SHMTOOL_BIN=$(abspath $(BUILD)) $(PROVE_ALL) $(TESTS)

SANITIZE := -O1 -g -fsanitize=address,undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
# Leaks are valgrind's: LeakSanitizer stops its own process to look for them,
# and once in some hundred runs does not start it again.
check-asan: ## runs all tests under ASan and UBSan
	ASAN_OPTIONS=detect_leaks=0 $(MAKE) check BUILD=build/asan CFLAGS='$(SANITIZE)' FORTIFY=

check-valgrind: all $(UNIT) ## runs all tests under valgrind
	@mkdir -p $(BUILD)/valgrind
	tests/valgrind-wrapper $(abspath $(BUILD)) >$(BUILD)/valgrind/shmtool
	@chmod +x $(BUILD)/valgrind/shmtool
	TEST_TIMEOUT=1800 SHMTOOL_BIN=$(abspath $(BUILD)/valgrind) \
		$(PROVE_ALL) $(filter %.bats,$(TESTS))

check-man: ## lints the pages
	mandoc -T lint -W warning $(MAN) $(MAN_KO)

check-fault: all $(BUILD)/tests/fault/preload.so ## calls, limits, streams, signals
	tests/fault/run $(abspath $(BUILD))

$(BUILD)/tests/fault/preload.so: tests/fault/preload.c tests/fault/calls.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O1 -g -shared -fPIC -o $@ $<

check-stress: all $(BUILD)/tests/unit/race ## hundreds of processes at once, for STRESS_SECONDS
	tests/stress/run $(abspath $(BUILD))
	RACE_SECONDS=$(or $(STRESS_SECONDS),60) $(PROVE) $(BUILD)/tests/unit/race

check-install: all ## installs elsewhere, uses that, uninstalls
	SHMTOOL_BIN=$(abspath $(BUILD)) $(PROVE) tests/install/*.bats

check-distros: ## the README's lines on bare Debian releases, for root
	tests/distros/run

check-kernels: all $(UNIT) $(BUILD)/tests/kernels/probe ## Debian's kernels
	tests/kernels/run $(BUILD)

$(BUILD)/tests/kernels/probe: tests/kernels/probe.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARN) -D_GNU_SOURCE -O1 -static -o $@ $<

fuzz: ## fuzzes each target for FUZZ_SECONDS or FUZZ_RUNS, with clang
	tests/fuzz/run

bench: all $(BENCH) ## measures beside the peers
	tests/bench/run $(abspath $(BUILD))

$(BENCH): $(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o
	$(CC) -pie $(LINK) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(BSD_LIBS)

lint: check-man ## all linters over all that is written
	LINT_FLAGS='-std=gnu11 $(DEFINES) -iquote lib -iquote cmd $(BSD_CFLAGS)' tests/lint

coverage: ## lines and branches that the tests run, by file
	tests/coverage/run

portable: ## builds and tests for 32 bits and for aarch64
	tests/portable

# The same bytes for the same commit, wherever it is made.
dist: ## the tarball of the present commit
	@inside=$$(git rev-parse --show-prefix) && [ -z "$$inside" ] || \
		{ echo "dist: $(CURDIR) is not a git checkout" >&2; exit 1; }
	@mkdir -p $(BUILD)
	git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ \
		-o $(BUILD)/$(DIST).tar HEAD
	gzip -nf9 $(BUILD)/$(DIST).tar

distcheck: dist ## builds and tests that tarball, and makes it twice
	tests/distcheck $(abspath $(BUILD))/$(DIST).tar.gz

deb: ## Debian's packages, in $(BUILD)/deb
	tests/install/deb $(VERSION) $(SOVERSION) $(BUILD)/deb

check-deb: ## builds, installs, uses, purges them in bare systems, for root
	tests/install/check-deb

install: all ## installs under DESTDIR and PREFIX
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig \
		$(INCLUDEDIR) $(MANDIR)/man1 $(MANDIR)/man3 \
		$(MANDIR)/ko/man1 $(BASHDIR) $(ZSHDIR) $(FISHDIR))
	$(INSTALL) -m 755 $(BUILD)/shmtool $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 644 $(ARCHIVE) $(SHARED) $(DESTDIR)$(LIBDIR)
	ln -sf $(notdir $(SHARED)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libshmtool.so
	$(INSTALL) -m 644 $(BUILD)/libshmtool.pc $(DESTDIR)$(LIBDIR)/pkgconfig
	$(INSTALL) -m 644 lib/shmtool.h $(DESTDIR)$(INCLUDEDIR)
	$(INSTALL) -m 644 $(filter %.1,$(MAN)) $(DESTDIR)$(MANDIR)/man1
	$(INSTALL) -m 644 $(filter %.3,$(MAN)) $(DESTDIR)$(MANDIR)/man3
	$(INSTALL) -m 644 $(MAN_KO) $(DESTDIR)$(MANDIR)/ko/man1
	$(INSTALL) -m 644 cmd/completion/shmtool.bash $(DESTDIR)$(BASHDIR)/shmtool
	$(INSTALL) -m 644 cmd/completion/_shmtool $(DESTDIR)$(ZSHDIR)
	$(INSTALL) -m 644 cmd/completion/shmtool.fish $(DESTDIR)$(FISHDIR)

uninstall: ## removes what install laid
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/shmtool $(INCLUDEDIR)/shmtool.h \
		$(addprefix $(LIBDIR)/,$(notdir $(ARCHIVE) $(SHARED)) $(SONAME) \
		libshmtool.so pkgconfig/libshmtool.pc) \
		$(addprefix $(MANDIR)/man1/,$(notdir $(filter %.1,$(MAN)))) \
		$(addprefix $(MANDIR)/man3/,$(notdir $(filter %.3,$(MAN)))) \
		$(addprefix $(MANDIR)/ko/man1/,$(notdir $(MAN_KO))) \
		$(BASHDIR)/shmtool $(ZSHDIR)/_shmtool $(FISHDIR)/shmtool.fish)

clean: ## removes what was built
	rm -rf build

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(UNIT:=.d)
