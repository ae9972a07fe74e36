// SPDX-License-Identifier: Apache-2.0
#pragma once

/// @file
/// Whether a journal is what was written. Pure and streaming: entries go in one after the other,
/// from a database or from an export, and memory does not grow with them.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "trust/journal/entry.h"
#include "trust/journal/head.h"
#include "trust/journal/keys.h"

namespace caisson::journal {

/// What a reader of the journal holds against it.
struct Expectation {
    std::string database;     ///< The uuid of the database at hand; empty: whatever it says.
    std::vector<Head> heads;  ///< Exported earlier.
    /// Public keys that may sign, and may introduce others: all up to the last signature must be
    /// covered by theirs. Empty, as `known`: the first key of the journal is believed, and those
    /// that it introduces.
    std::vector<std::string> trusted;
    /// Public keys that are believed beside those: what this state directory made itself. A journal
    /// that others signed and none of them did is a finding.
    std::vector<std::string> known;
};

struct Finding {
    enum class Kind {
        changed,        ///< An entry is not what was hashed, or not what its successor follows.
        missing,        ///< Entries are not there.
        cut_tail,       ///< A head knows entries beyond the end.
        rewritten,      ///< A head knows another entry under that number.
        out_of_order,   ///< An entry is there twice, or in the wrong place.
        forged,         ///< A signature does not hold.
        other_key,      ///< Signed by a key that nobody vouches for.
        other_journal,  ///< A head, or the whole journal, is of another database.
        wrong_epoch,    ///< An epoch begins where none may.
        unreadable,     ///< A line of an export is no entry.
        unsigned_,      ///< No key that is held against the journal signed what it should have.
    };
    Kind kind;
    std::int64_t first = 0;  ///< The entries it is about; 0 where it is about none.
    std::int64_t last = 0;
    std::string text;
};
std::string_view name_of(Finding::Kind kind);

struct Verdict {
    std::vector<Finding> findings;   ///< The first thousand.
    std::size_t more = 0;            ///< Findings beyond those.
    std::vector<std::string> notes;  ///< What an auditor should know although nothing is broken.
    std::int64_t entries = 0;
    std::int64_t first = 0;
    std::int64_t last = 0;
    std::int64_t signed_through = 0;  ///< The last entry that a good signature covers.
    std::int64_t epoch = 0;
    std::size_t signatures = 0;
    std::size_t heads = 0;  ///< Heads that agree with the journal.
    std::string database;   ///< The uuid that the last epoch names.
    std::string hash;       ///< Of the last entry.

    bool holds() const { return findings.empty(); }
};

class Verifier {
 public:
    explicit Verifier(Expectation expectation);

    void take(const Entry& entry);
    /// For a line that parse_line() refused; `number` counts from 1.
    void unreadable(std::size_t number, const std::string& mistake);
    Verdict finish();

 private:
    struct Epoch {
        std::string database;
        std::int64_t last = 0;
        bool is_signed = false;
    };

    void find(Finding::Kind kind, std::int64_t first, std::int64_t last, std::string text);
    void follow(const Entry& entry);
    void begin_epoch(const Entry& entry);
    void learn_key(const Entry& entry);
    void check_signature(const Entry& entry);
    void compare_with_heads(const Entry& entry);
    void judge_remaining_heads();
    void judge_unmet(const Head& head);
    void judge_coverage();
    bool is_of_this(const Head& head) const;
    bool has_keys() const { return !expectation_.trusted.empty() || !expectation_.known.empty(); }
    bool may_sign(const std::string& key) const;

    Expectation expectation_;
    std::multimap<std::int64_t, Head> heads_;  ///< By sequence; those not met yet.
    std::map<std::string, std::string> keys_;  ///< Name to public key, as the journal has them.
    std::map<std::string, bool> believed_;     ///< Name to whether somebody vouches for it.
    std::map<std::int64_t, Epoch> epochs_;
    bool has_key_ = false;             ///< Whether the journal introduced one so far.
    std::int64_t last_signature_ = 0;  ///< The last entry of that kind, whoever made it.
    bool has_several_runs_ = false;
    Entry last_;
    bool last_is_whole_ = true;
    Verdict verdict_;
};

}  // namespace caisson::journal
