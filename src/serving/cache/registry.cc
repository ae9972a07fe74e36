// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/registry.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"
#include "serving/cache/marks.h"

namespace caisson::cache {

using platform::KeyPart;

std::string key_part(std::string_view text) {
    if (text.empty()) {
        return "%";  // A placeholder stands for one or more characters.
    }
    std::string part;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ':' || c == '%' || byte < 0x21 || byte == 0x7F) {
            part += fmt::format("%{:02X}", byte);
        } else {
            part += c;
        }
    }
    return part;
}

namespace {

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int digit_of(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

/// With signs, blanks around, leading zeros, and what PostgreSQL 16 reads beside: other bases, and
/// underscores between digits.
std::optional<std::string> canonical_integer(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    const bool is_negative = text.starts_with('-');
    if (is_negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    unsigned base = 10;
    if (text.size() > 2 && text[0] == '0' && digit_of(text[1]) > 9) {
        const char mark = static_cast<char>(text[1] | 0x20);
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        text.remove_prefix(base == 10 ? 0 : 2);
    }
    std::uint64_t number = 0;
    bool has_digit = false;
    for (const char c : text) {
        if (c == '_') {
            continue;
        }
        const auto digit = static_cast<unsigned>(digit_of(c));
        if (digit >= base || number > (std::numeric_limits<std::uint64_t>::max() - digit) / base) {
            return std::nullopt;
        }
        number = number * base + digit;
        has_digit = true;
    }
    if (!has_digit) {
        return std::nullopt;
    }
    return (is_negative && number != 0 ? "-" : "") + std::to_string(number);
}

/// In any case, in braces or not, with a hyphen or none after any four digits.
std::optional<std::string> canonical_uuid(std::string_view text) {
    if (text.starts_with('{') && text.ends_with('}') && text.size() > 1) {
        text = text.substr(1, text.size() - 2);
    }
    std::string uuid;
    std::size_t digits = 0;
    bool may_have_hyphen = false;
    for (const char c : text) {
        if (c == '-' && may_have_hyphen) {
            may_have_hyphen = false;
            continue;
        }
        if (digit_of(c) > 15 || digits == 32) {
            return std::nullopt;
        }
        if (digits == 8 || digits == 12 || digits == 16 || digits == 20) {
            uuid += '-';
        }
        uuid += c >= 'A' && c <= 'F' ? static_cast<char>(c | 0x20) : c;
        ++digits;
        may_have_hyphen = digits % 4 == 0 && digits < 32;
    }
    return digits == 32 ? std::optional(uuid) : std::nullopt;
}

}  // namespace

std::string canonical_value(std::string_view text) {
    if (auto integer = canonical_integer(text)) {
        return *std::move(integer);
    }
    return canonical_uuid(text).value_or(std::string(text));
}

bool is_unambiguous(const platform::KeyPattern& pattern) {
    // Parts of a key hold no colon: the first one after a placeholder ends what it stands for.
    bool is_open = false;
    for (const auto& part : pattern.parts) {
        if (part.kind != KeyPart::Kind::literal) {
            if (is_open) {
                return false;
            }
            is_open = true;
        } else if (part.text.find(':') != std::string::npos) {
            is_open = false;
        }
    }
    return true;
}

Identity Key::identity() const {
    std::string all;
    for (const std::string_view text :
         {std::string_view(declared_->pattern), std::string_view(session_.user()),
          std::string_view(role_), std::string_view(name_)}) {
        all += std::to_string(text.size());
        all += ':';
        all += text;
    }
    if (version_ != 0) {
        all += std::to_string(version_);
    }
    const auto digits = sha256_hex(all);
    Identity identity{};
    std::from_chars(digits.data(), digits.data() + 16, identity[0], 16);
    std::from_chars(digits.data() + 16, digits.data() + 32, identity[1], 16);
    return identity;
}

Registry::Registry(std::vector<platform::CacheKey> keys, std::string login)
    : declared_(std::make_shared<const std::vector<platform::CacheKey>>(std::move(keys))),
      login_(std::move(login)) {
    if (login_.empty()) {
        throw Error(Code::usage, "the cache is not told as which role its values are loaded",
                    "give the user that the loaders' pool connects as");
    }
    for (const auto& key : *declared_) {
        Entry entry;
        entry.pattern = platform::parse_key_pattern(key.pattern);
        for (const auto& part : entry.pattern.parts) {
            if (part.kind != KeyPart::Kind::literal) {
                entry.has_tenant = entry.has_tenant || part.text == "tenant";
                entry.has_role = entry.has_role || part.text == "role";
            }
        }
        entry.is_ambiguous = !is_unambiguous(entry.pattern);
        entries_.push_back(std::move(entry));
    }
}

Key Registry::key(const pg::Session& session, std::string_view pattern,
                  const std::vector<std::string>& values) const {
    return key(session, pg::CacheKey{pattern, values});
}

Key Registry::key(const pg::Session& session, const pg::CacheKey& wanted) const {
    const auto& [pattern, values, version] = wanted;
    const auto found = std::ranges::find(*declared_, pattern, &platform::CacheKey::pattern);
    if (found == declared_->end()) {
        std::vector<std::string> known;
        for (const auto& key : *declared_) {
            known.push_back(key.pattern);
        }
        const auto near = nearest(pattern, known);
        throw Error(Code::usage,
                    fmt::format("the pattern \"{}\" is not declared in [cache.keys]", pattern),
                    near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
    }
    const auto number = static_cast<std::size_t>(found - declared_->begin());
    const auto& entry = entries_[number];
    if (!found->ttl) {
        throw Error(Code::usage,
                    fmt::format("\"{}\" has no time to live, and is no cache", found->pattern));
    }
    if (!found->is_shared && !(entry.has_tenant && entry.has_role)) {
        throw Error(Code::usage,
                    fmt::format("\"{}\" does not say whose rows it holds", found->pattern),
                    "put {tenant} and {role} into the pattern, or declare shared = true");
    }
    if (entry.is_ambiguous) {
        throw Error(Code::usage,
                    fmt::format("\"{}\" does not tell where a value ends and the next one begins",
                                found->pattern),
                    "put a : between its placeholders");
    }
    Key key(found->is_shared ? pg::Session::nobody() : session);
    key.pattern_ = number;
    key.declared_ = &*found;
    // Whatever a session without a role may see is what the login may see.
    key.role_ = key.session_.role().empty() ? login_ : key.session_.role();
    std::size_t used = 0;
    std::vector<std::pair<std::string_view, std::string_view>> given;
    for (const auto& part : entry.pattern.parts) {
        if (part.kind == KeyPart::Kind::literal) {
            key.name_ += part.text;
        } else if (part.text == "tenant") {
            key.name_ += key_part(key.session_.user());
        } else if (part.text == "role") {
            key.name_ += key_part(key.role_);
        } else if (used < values.size()) {
            given.emplace_back(part.text, values[used]);
            key.name_ += key_part(values[used++]);
        } else {
            ++used;
        }
    }
    if (used != values.size()) {
        throw Error(Code::usage,
                    fmt::format("\"{}\" takes {} beside {{tenant}} and {{role}}, and got {}",
                                found->pattern, counted(used, "value"), values.size()));
    }
    for (const auto& table : found->tables) {
        if (table.column.empty()) {
            key.tags_.push_back(any_tag(table.table));
            continue;
        }
        const auto value = std::ranges::find(given, std::string_view(table.placeholder),
                                             &std::pair<std::string_view, std::string_view>::first);
        key.tags_.push_back(all_tag(table.table));
        key.tags_.push_back(row_tag(table.table, table.column, value->second));
        if (auto canonical = canonical_value(value->second); canonical != value->second) {
            key.tags_.push_back(row_tag(table.table, table.column, canonical));
        }
    }
    key.version_ = version;
    key.local_name_ = fmt::format("{}:{:x}:{}", number, version, key.name_);
    return key;
}

}  // namespace caisson::cache
