// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// The rules, by the file they are in, and what they share. Private to the module.

#include <string>

#include "operations/monitor/advice/advice.h"

namespace caisson::advice {

// index_rules.cc
void judge_unused_indexes(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_duplicate_indexes(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_invalid_indexes(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_partial_indexes(const Facts& facts, const Limits& limits, Judgement& judgement);
// key_rules.cc
/// Whether the index finds rows by the columns of the key: they are its first ones, in whatever
/// order. One WHERE … IS NOT NULL of them does, since nothing that is NULL refers to a row.
bool finds(const Index& index, const ForeignKey& key);
void judge_foreign_keys(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_primary_keys(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_sequences(const Facts& facts, const Limits& limits, Judgement& judgement);
// table_rules.cc
void judge_bloat(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_dead_rows(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_sequential_scans(const Facts& facts, const Limits& limits, Judgement& judgement);
// server_rules.cc
void judge_wraparound(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_idle_transactions(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_cache_hits(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_checkpoints(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_temporary_files(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_slots(const Facts& facts, const Limits& limits, Judgement& judgement);
// statement_rules.cc
void judge_missing_indexes(const Facts& facts, const Limits& limits, Judgement& judgement);
void judge_repeated_statements(const Facts& facts, const Limits& limits, Judgement& judgement);

/// "12 d 4 h", for evidence.
std::string age_text(double seconds);
std::string age_text(const std::optional<double>& seconds);
std::string percent_text(double part);
std::string bytes_text(double bytes);
/// 1234567 as "1,234,567".
std::string count_text(double count);
/// A statement in one line, cut.
std::string line_of(const std::string& statement, std::size_t most = 160);
/// The first few, and how many more there are.
std::string some_of(const std::vector<std::string>& names);
/// `table_a_b_idx`, cut as PostgreSQL's own names are, and not one of `taken`.
std::string index_name(const Facts& facts, const std::string& schema, const std::string& table,
                       const std::vector<std::string>& columns, const std::string& suffix = "idx");

}  // namespace caisson::advice
