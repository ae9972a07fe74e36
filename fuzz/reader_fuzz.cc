// SPDX-License-Identifier: Apache-2.0
/// Any bytes are a script: it reads the same in one piece and in many, and its statements stand one
/// behind the other in the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "drivers/sql/command.h"
#include "drivers/sql/reader.h"
#include "drivers/sql/split.h"

namespace {

using caisson::sql::Reader;

std::vector<std::string> events(Reader& reader) {
    std::vector<std::string> found;
    for (auto event = reader.next(); event != Reader::Event::end; event = reader.next()) {
        const auto& at =
            event == Reader::Event::command ? reader.command_position() : reader.query().start();
        found.push_back(std::to_string(at.offset) + " " + std::to_string(at.line) + " " +
                        std::to_string(at.column));
        if (event == Reader::Event::command) {
            const std::string line(reader.command_line());
            const auto length = caisson::sql::length_of_command(line);
            if (length > line.size()) {
                std::abort();
            }
            if (!line.empty() && line.front() == ';') {
                reader.append(';');
            } else {
                reader.end_command(length);
            }
            found.push_back(line.substr(0, length));
        } else {
            found.push_back(reader.query().text());
            std::string data;
            while (reader.query().kind() == caisson::sql::StatementKind::copy_in) {
                const auto chunk = reader.next_data();
                if (!chunk) {
                    break;
                }
                data += *chunk;
            }
            found.push_back(data);
        }
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    const std::size_t piece = bytes[0] % 17 + std::size_t{1};
    const std::string text(bytes + 1, bytes + size);
    const caisson::sql::Lookup lookup =
        [](std::string_view name, caisson::sql::VariableForm form) -> std::optional<std::string> {
        if (form == caisson::sql::VariableForm::test) {
            return "TRUE";
        }
        return name == "a" ? std::optional<std::string>("'x; :a") : std::nullopt;
    };
    Reader whole(text, lookup);
    std::size_t at = 0;
    Reader cut(
        [&] {
            const auto chunk = std::string_view(text).substr(std::min(at, text.size()), piece);
            at += chunk.size();
            return chunk;
        },
        lookup);
    if (events(whole) != events(cut)) {
        std::abort();
    }
    std::size_t end = 0;
    for (const auto& statement : caisson::sql::split(text)) {
        // What stands behind a COPY in its line comes after its data.
        if (statement.length == 0 || statement.end() > text.size() ||
            statement.data_offset + statement.data_length > text.size()) {
            std::abort();
        }
        end = std::max(end, statement.end());
    }
    return 0;
}
