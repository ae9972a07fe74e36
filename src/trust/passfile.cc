// SPDX-License-Identifier: Apache-2.0
#include "trust/passfile.h"

#include <algorithm>

#include "base/error.h"

namespace caisson::trust {
namespace {

/// Colons and backslashes are escaped by a backslash.
std::string escape(std::string_view field) {
    std::string escaped;
    for (const char byte : field) {
        if (byte == ':' || byte == '\\') {
            escaped += '\\';
        }
        escaped += byte;
    }
    return escaped;
}

/// The field up to the next bare colon, unescaped; takes it and the colon off `rest`. The last
/// field ends with the line.
std::optional<std::string> take_field(std::string_view& rest, bool is_last) {
    std::string field;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        if (rest[i] == '\\' && i + 1 < rest.size()) {
            field += rest[++i];
        } else if (rest[i] == ':' && !is_last) {
            rest.remove_prefix(i + 1);
            return field;
        } else {
            field += rest[i];
        }
    }
    return is_last ? std::optional(field) : std::nullopt;
}

std::optional<Passfile::Entry> parse_entry(std::string_view line) {
    if (line.empty() || line.front() == '#') {
        return std::nullopt;
    }
    Passfile::Entry entry;
    for (std::string* const field : {&entry.host, &entry.port, &entry.database, &entry.user}) {
        auto taken = take_field(line, false);
        if (!taken) {
            return std::nullopt;
        }
        *field = std::move(*taken);
    }
    entry.password = Secret(take_field(line, true).value_or(""));
    return entry;
}

bool matches(std::string_view pattern, std::string_view value) {
    return pattern == "*" || pattern == value;
}

bool covers(const Passfile::Entry& wide, const Passfile::Entry& narrow) {
    return matches(wide.host, narrow.host) && matches(wide.port, narrow.port) &&
           matches(wide.database, narrow.database) && matches(wide.user, narrow.user);
}

bool same_fields(const Passfile::Entry& a, const Passfile::Entry& b) {
    return a.host == b.host && a.port == b.port && a.database == b.database && a.user == b.user;
}

}  // namespace

Passfile Passfile::parse(std::string_view text) {
    Passfile passfile;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (!line.empty() && line.back() == '\r') {
            line.remove_suffix(1);
        }
        passfile.lines_.push_back({std::string(line), parse_entry(line)});
    }
    return passfile;
}

Passfile Passfile::read(const fs::path& path) { return parse(read_own(path).value_or("")); }

std::optional<Secret> Passfile::find(std::string_view host, std::uint16_t port,
                                     std::string_view database, std::string_view user) const {
    const std::string port_text = std::to_string(port);
    for (const auto& line : lines_) {
        if (line.entry && matches(line.entry->host, host) && matches(line.entry->port, port_text) &&
            matches(line.entry->database, database) && matches(line.entry->user, user)) {
            return line.entry->password;
        }
    }
    return std::nullopt;
}

void Passfile::set(const Entry& entry) {
    if (entry.password.reveal().find_first_of(std::string_view("\n\r\0", 3)) != std::string::npos) {
        throw Error(Code::usage, "a password with a line break cannot stand in a passfile");
    }
    const auto hides = [&](const Line& line) { return line.entry && covers(*line.entry, entry); };
    const auto first = std::find_if(lines_.begin(), lines_.end(), hides);
    if (first != lines_.end() && same_fields(*first->entry, entry)) {
        first->entry = entry;
        return;
    }
    const auto index = first - lines_.begin();
    std::erase_if(lines_,
                  [&](const Line& line) { return line.entry && same_fields(*line.entry, entry); });
    lines_.insert(lines_.begin() + index, {"", entry});
}

void Passfile::remove_user(std::string_view user) {
    std::erase_if(lines_, [&](const Line& line) { return line.entry && line.entry->user == user; });
}

std::vector<Passfile::Entry> Passfile::entries() const {
    std::vector<Entry> all;
    for (const auto& line : lines_) {
        if (line.entry) {
            all.push_back(*line.entry);
        }
    }
    return all;
}

std::string Passfile::text() const {
    std::string text;
    for (const auto& line : lines_) {
        if (line.entry) {
            text += escape(line.entry->host) + ":" + escape(line.entry->port) + ":" +
                    escape(line.entry->database) + ":" + escape(line.entry->user) + ":" +
                    escape(line.entry->password.reveal()) + "\n";
        } else {
            text += line.verbatim + "\n";
        }
    }
    return text;
}

void Passfile::write(const fs::path& path, const std::optional<Account>& owner) const {
    write_file(path, text(), 0600, owner);
}

}  // namespace caisson::trust
