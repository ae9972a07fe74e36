// SPDX-License-Identifier: Apache-2.0
#include "drivers/sql/syntax.h"

#include <algorithm>

#include <pg_query.h>

#include "base/text.h"

namespace caisson::sql {

std::optional<SyntaxMistake> syntax_mistake(std::string_view text) {
    const std::string terminated(text);
    auto result = pg_query_split_with_parser(terminated.c_str());
    std::optional<SyntaxMistake> mistake;
    if (result.error != nullptr) {
        // cursorpos counts characters from 1; 0 means that the parser does not know.
        const auto character = static_cast<std::size_t>(std::max(result.error->cursorpos, 1)) - 1;
        mistake = SyntaxMistake{byte_of_character(text, character), result.error->message};
    }
    pg_query_free_split_result(result);
    return mistake;
}

}  // namespace caisson::sql
