// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/queries/writer.h"

#include <algorithm>

#include "base/text.h"
#include "lifecycle/queries/names.h"

namespace caisson::queries {
namespace {

constexpr std::size_t width = 100;

/// One word after the other, as many as fit into a line.
std::vector<std::string> wrapped(std::string_view text, std::size_t most) {
    std::vector<std::string> lines;
    for (const auto& word : split(text, ' ')) {
        if (word.empty()) {
            continue;
        }
        if (lines.empty() || lines.back().size() + 1 + word.size() > most) {
            lines.push_back(word);
        } else {
            lines.back() += ' ' + word;
        }
    }
    return lines;
}

}  // namespace

void Writer::raw(std::string_view text) {
    if (!text.empty()) {
        text_.append(depth_, ' ');
        text_ += text;
    }
    text_ += '\n';
}

void Writer::doc(std::string_view text) {
    for (const auto& paragraph : split(replace_all(std::string(text), "\r", " "), '\n')) {
        auto plain = replace_all(paragraph, "\t", " ");
        for (auto& line : wrapped(plain, width - depth_ - 4)) {
            // A comment that ends in a backslash goes on in the next line, and compilers warn of
            // the trigraph for one.
            line = replace_all(line, "?\?/", "? ?/");
            raw("/// " + line + (line.back() == '\\' ? " ." : ""));
        }
    }
}

void Writer::call(std::string_view before, const std::vector<std::string>& parts,
                  std::string_view after) {
    const auto whole = fmt::format("{}{}{}", before, join(parts, ", "), after);
    if (whole.size() + depth_ <= width || parts.empty()) {
        return raw(whole);
    }
    const std::string margin(8 + std::min(before.find_first_not_of(' '), before.size()), ' ');
    std::string line(before);
    bool is_first = true;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto part = parts[i] + (i + 1 < parts.size() ? "," : std::string(after));
        if (line.size() + 1 + part.size() + depth_ > width) {
            raw(line);
            line = margin + part;
        } else {
            line += (is_first ? "" : " ") + part;
        }
        is_first = false;
    }
    raw(line);
}

std::string value_type(std::string_view cpp, bool optional) {
    return optional ? fmt::format("std::optional<{}>", cpp) : std::string(cpp);
}

std::string parameter(const Type& type, bool optional, std::string_view name) {
    return type.is_view && !optional
               ? fmt::format("{} {}", type.cpp, name)
               : fmt::format("const {}& {}", value_type(type.cpp, optional), name);
}

std::string raw_string(std::string_view text) {
    std::string delimiter = "sql";
    for (int number = 2; text.find(")" + delimiter + "\"") != std::string_view::npos; ++number) {
        delimiter = fmt::format("sql{}", number);
    }
    return fmt::format("R\"{0}({1}){0}\"", delimiter, text);
}

std::string string_literal(std::string_view text) {
    auto inside = escaped(text);
    // No trigraphs, of which compilers warn.
    if (text.find("?\?") != std::string_view::npos) {
        inside = replace_all(std::move(inside), "?", "\\?");
    }
    return '"' + inside + '"';
}

std::string namespace_of(const platform::Manifest& manifest, const platform::Database& database) {
    auto name = manifest.generate.name_space.empty() ? identifier(manifest.name)
                                                     : manifest.generate.name_space;
    // A function is called so at the outermost level, and nothing else may be.
    name += name == "main" ? "_" : "";
    return manifest.databases.size() > 1 ? name + "::" + identifier(database.key) : name;
}

}  // namespace caisson::queries
