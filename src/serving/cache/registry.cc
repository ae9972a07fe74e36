// SPDX-License-Identifier: Apache-2.0
#include "serving/cache/registry.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

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

Registry::Registry(std::vector<platform::CacheKey> keys)
    : declared_(std::make_shared<const std::vector<platform::CacheKey>>(std::move(keys))) {
    for (const auto& key : *declared_) {
        Entry entry;
        entry.pattern = platform::parse_key_pattern(key.pattern);
        for (const auto& part : entry.pattern.parts) {
            if (part.kind != KeyPart::Kind::literal) {
                entry.has_tenant = entry.has_tenant || part.text == "tenant";
                entry.has_role = entry.has_role || part.text == "role";
            }
        }
        entries_.push_back(std::move(entry));
    }
}

Key Registry::key(const pg::Session& session, std::string_view pattern,
                  const std::vector<std::string>& values) const {
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
    Key key(found->is_shared ? pg::Session::nobody() : session);
    key.pattern_ = number;
    key.declared_ = &*found;
    std::size_t used = 0;
    std::vector<std::pair<std::string_view, std::string_view>> given;
    for (const auto& part : entry.pattern.parts) {
        if (part.kind == KeyPart::Kind::literal) {
            key.name_ += part.text;
        } else if (part.text == "tenant") {
            key.name_ += key_part(key.session_.user());
        } else if (part.text == "role") {
            key.name_ += key_part(key.session_.role());
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
    }
    return key;
}

}  // namespace caisson::cache
