// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::journal {

/// The kinds that Caisson writes and gives a meaning to. Others are kept and verified alike.
namespace kinds {
constexpr std::string_view epoch = "epoch";  ///< First of a database's life: whose journal it is.
constexpr std::string_view key = "key";      ///< A public key that signs from here on.
constexpr std::string_view plan = "plan";
constexpr std::string_view start = "start";
constexpr std::string_view statement = "statement";
constexpr std::string_view failure = "failure";
constexpr std::string_view finish = "finish";
constexpr std::string_view revert = "revert";
constexpr std::string_view proof = "proof";
constexpr std::string_view signature = "signature";  ///< Signs the entry before it.
}  // namespace kinds

/// One line of the journal. All text is UTF-8.
struct Entry {
    std::int64_t sequence = 0;  ///< From 1, without gaps, also across epochs.
    std::int64_t epoch = 0;     ///< From 1; a restore or a clone begins the next.
    std::string at;             ///< RFC 3339 in UTC with six digits of the second.
    std::string kind;
    std::string actor;     ///< The database role that the session began as.
    std::string origin;    ///< user@host, and the version of Caisson.
    std::string run;       ///< A uuid for each run of the program.
    std::string subject;   ///< What it is about: `migrations/001`, `provision`, `seeds`.
    std::string detail;    ///< A JSON object, byte for byte as it was written.
    std::string previous;  ///< The hash of the entry before; 64 zeros for the first.
    std::string hash;      ///< SHA-256 over canonical(), 64 lower-case hexadecimal digits.

    bool operator==(const Entry&) const = default;
};

/// What `previous` of the very first entry is.
std::string no_hash();

/// The bytes that are hashed: the line `caisson-journal-1`, then each field but `hash`, in the
/// order above, as a netstring (`5:hello,`), numbers in decimal. Source: docs/reference/journal.md.
std::string canonical(const Entry& entry);
std::string hash_of(const Entry& entry);

/// A text as a netstring, added to `to`: what canonical() and all signed messages consist of.
void add_netstring(std::string& to, std::string_view text);

/// The entry as one line of an export, without the line's end. The same entry gives the same bytes.
std::string to_line(const Entry& entry);
/// Nothing when the line is no entry, with the reason in `mistake`. Members that an entry does not
/// have are a mistake: no hash would cover them.
std::optional<Entry> parse_line(std::string_view line, std::string& mistake);

}  // namespace caisson::journal
