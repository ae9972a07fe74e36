// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/schema/snapshot.h"

#include <algorithm>
#include <tuple>

#include "base/crypto.h"
#include "base/error.h"
#include "base/text.h"

namespace caisson::schema {
namespace {

constexpr std::string_view header = "caisson structure 2\n";
constexpr std::string_view any_header = "caisson structure ";

std::string escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '\\':
                escaped += "\\\\";
                break;
            case '\n':
                escaped += "\\n";
                break;
            case '\r':
                escaped += "\\r";
                break;
            case '\t':
                escaped += "\\t";
                break;
            default:
                escaped += c;
        }
    }
    return escaped;
}

[[noreturn]] void refuse() {
    throw Error(Code::internal, "the recorded structure cannot be read",
                "record it anew with: caisson migrate");
}

std::string unescape(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            plain += text[i];
            continue;
        }
        const char c = ++i < text.size() ? text[i] : '\0';
        if (c != '\\' && c != 'n' && c != 'r' && c != 't') {
            refuse();
        }
        plain += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : '\\';
    }
    return plain;
}

std::string to_text(const Snapshot& snapshot, bool with_needs) {
    std::string text(header);
    for (const auto& object : snapshot.objects) {
        text += escape(object.kind) + '\t' + escape(object.name) + '\t' + escape(object.definition);
        if (with_needs) {
            for (const auto& need : object.needs) {
                text += '\t' + escape(need);
            }
        }
        text += '\n';
    }
    return text;
}

Object parse_line(std::string_view line) {
    Object object;
    std::size_t field = 0;
    for (std::size_t start = 0; start <= line.size(); ++field) {
        const auto end = std::min(line.find('\t', start), line.size());
        auto text = unescape(line.substr(start, end - start));
        switch (field) {
            case 0:
                object.kind = std::move(text);
                break;
            case 1:
                object.name = std::move(text);
                break;
            case 2:
                object.definition = std::move(text);
                break;
            default:
                object.needs.push_back(std::move(text));
        }
        start = end + 1;
    }
    if (field < 3) {
        refuse();
    }
    return object;
}

}  // namespace

std::strong_ordering Object::operator<=>(const Object& other) const {
    return std::tie(kind, name, definition) <=> std::tie(other.kind, other.name, other.definition);
}

std::string hash(const Snapshot& snapshot) { return sha256_hex(to_text(snapshot, false)); }

std::string to_text(const Snapshot& snapshot) { return to_text(snapshot, true); }

bool is_snapshot(std::string_view text) { return text.substr(0, header.size()) == header; }

Snapshot parse(std::string_view text) {
    if (!is_snapshot(text)) {
        if (text.substr(0, any_header.size()) == any_header &&
            text.substr(0, any_header.size() + 2) != "caisson structure 1\n") {
            throw Error(Code::catalogue_newer,
                        "the recorded structure was written by a newer Caisson");
        }
        refuse();
    }
    text.remove_prefix(header.size());
    Snapshot parsed;
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) {
            refuse();
        }
        parsed.objects.push_back(parse_line(text.substr(0, end)));
        text.remove_prefix(end + 1);
    }
    if (!std::is_sorted(parsed.objects.begin(), parsed.objects.end())) {
        refuse();
    }
    return parsed;
}

std::pair<std::string, std::string> split_name(const std::string& name) {
    bool quoted = false;
    std::size_t dot = std::string::npos;
    for (std::size_t i = 0; i < name.size(); ++i) {
        quoted ^= name[i] == '"';
        dot = name[i] == '.' && !quoted ? i : dot;
    }
    return dot == std::string::npos ? std::pair{std::string(), name}
                                    : std::pair{name.substr(0, dot), name.substr(dot + 1)};
}

}  // namespace caisson::schema
