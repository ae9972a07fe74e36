// SPDX-License-Identifier: Apache-2.0
#include "trust/journal/entry.h"

#include <array>
#include <utility>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/crypto.h"

namespace caisson::journal {
namespace {

constexpr std::array numbers = {
    std::pair{std::string_view("sequence"), &Entry::sequence},
    std::pair{std::string_view("epoch"), &Entry::epoch},
};
constexpr std::array texts = {
    std::pair{std::string_view("at"), &Entry::at},
    std::pair{std::string_view("kind"), &Entry::kind},
    std::pair{std::string_view("actor"), &Entry::actor},
    std::pair{std::string_view("origin"), &Entry::origin},
    std::pair{std::string_view("run"), &Entry::run},
    std::pair{std::string_view("subject"), &Entry::subject},
    std::pair{std::string_view("detail"), &Entry::detail},
    std::pair{std::string_view("previous"), &Entry::previous},
    std::pair{std::string_view("hash"), &Entry::hash},
};

}  // namespace

std::string no_hash() { return std::string(64, '0'); }

void add_netstring(std::string& to, std::string_view text) {
    fmt::format_to(std::back_inserter(to), "{}:", text.size());
    to.append(text).push_back(',');
}

std::string canonical(const Entry& entry) {
    std::string bytes = "caisson-journal-1\n";
    bytes.reserve(512 + entry.detail.size());
    for (const auto& [name, field] : numbers) {
        add_netstring(bytes, fmt::to_string(entry.*field));
    }
    for (const auto& [name, field] : texts) {
        if (field != &Entry::hash) {
            add_netstring(bytes, entry.*field);
        }
    }
    return bytes;
}

std::string hash_of(const Entry& entry) { return sha256_hex(canonical(entry)); }

std::string to_line(const Entry& entry) {
    std::string line = "{";
    for (const auto& [name, field] : numbers) {
        fmt::format_to(std::back_inserter(line), "\"{}\":{},", name, entry.*field);
    }
    for (const auto& [name, field] : texts) {
        fmt::format_to(std::back_inserter(line), "\"{}\":{},", name,
                       boost::json::serialize(boost::json::string_view(entry.*field)));
    }
    line.back() = '}';
    return line;
}

std::optional<Entry> parse_line(std::string_view line, std::string& mistake) {
    boost::system::error_code failure;
    boost::json::monotonic_resource memory;
    const auto value = boost::json::parse(line, failure, &memory);
    if (failure || !value.is_object()) {
        mistake = failure ? failure.message() : "it is no JSON object";
        return std::nullopt;
    }
    const auto& object = value.get_object();
    Entry entry;
    for (const auto& [name, field] : numbers) {
        const auto* const member = object.if_contains(name);
        if (!member || !member->is_int64() || member->get_int64() < 1) {
            mistake = fmt::format("\"{}\" is missing, or no number from 1", name);
            return std::nullopt;
        }
        entry.*field = member->get_int64();
    }
    for (const auto& [name, field] : texts) {
        const auto* const member = object.if_contains(name);
        if (!member || !member->is_string()) {
            mistake = fmt::format("\"{}\" is missing, or no text", name);
            return std::nullopt;
        }
        entry.*field = std::string(member->get_string());
    }
    if (object.size() != numbers.size() + texts.size()) {
        mistake = "it has members that an entry does not have";
        return std::nullopt;
    }
    return entry;
}

}  // namespace caisson::journal
