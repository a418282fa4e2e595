# SPDX-License-Identifier: GPL-2.0-or-later
# The contract of the kernel's file of this name: lists in, OUTPUT honoured, lists with full names out.
CC := $(CROSS_COMPILE)gcc
OUTPUT ?= .

TEST_GEN_PROGS := $(patsubst %,$(OUTPUT)/%,$(TEST_GEN_PROGS))

.PHONY: all
all: $(TEST_GEN_PROGS)

$(OUTPUT)/%: %.c
	$(CC) $(CFLAGS) -o $@ $<
