// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/sql/position.h"
#include "drivers/sql/query.h"
#include "drivers/sql/scanner.h"

namespace caisson::sql {

/// How psql's variables are written: :name, :'name', :"name", :{?name}.
enum class VariableForm { plain, literal, identifier, test };
/// What takes the place of a variable, quoted as the form asks; nothing leaves the text as it is.
using Lookup = std::function<std::optional<std::string>(std::string_view name, VariableForm form)>;

/// A variable where it is used.
struct Reference {
    std::string_view name;
    VariableForm form = VariableForm::plain;
    std::size_t length = 0;  ///< Of all of it; 0 when the colon names no variable.
    bool open = false;       ///< With more text behind it, it might be another one.
};
/// What the colon at the beginning of a text names.
Reference reference_at(std::string_view text);

/// Reads a script by the rules of psql, from chunks of any size, in memory bounded by its longest
/// statement. Who reads decides what a command does to the statement it stands in; see next().
/// Source: psql's own scanner and main loop (PostgreSQL 18).
class Reader {
 public:
    /// Gives the next bytes, valid until it is called again; none at the end.
    using Source = std::function<std::string_view()>;
    enum class Event {
        statement,  ///< query() is complete: a semicolon, or the end of the source.
        command,    ///< A backslash. query() is what stands before it and was not sent yet.
        end,
    };

    explicit Reader(Source source, Lookup lookup = {});
    /// A whole text, which must outlive the reader.
    explicit Reader(std::string_view text, Lookup lookup = {});

    /// Goes on to the next event. After a statement the query begins anew, and the data of a COPY
    /// FROM STDIN can be read with next_data() first. After a command SQL goes on behind its line
    /// unless end_command() said otherwise, and the query stays as it is. A byte order mark at the
    /// beginning is passed over, and so are statements without a token.
    Event next();

    const Query& query() const { return query_; }
    /// Takes the statement away, as a command that sends it does.
    Query take_query();
    /// Puts one in its place, as `\endif` does after a branch that was not taken.
    void set_query(Query query);

    /// After a command: what follows its backslash, to the end of the line. `\;` and `\:` come as
    /// commands too; append() does what they mean.
    std::string_view command_line() const;
    /// Where the backslash stands.
    const SourcePosition& command_position() const { return command_; }
    /// The command has this many bytes of its line; SQL goes on behind them.
    void end_command(std::size_t length);
    /// The character of `\;` or `\:`.
    void append(char c);

    /// After a statement, or a command that reads from the script: the lines that follow, up to
    /// `\.` on a line of its own or the end of the source, in chunks. Nothing at the end.
    std::optional<std::string_view> next_data();
    /// Where the reader stands; between chunks of data, where the next one begins.
    const SourcePosition& position() {
        settle_position();
        return here_;
    }

    /// As the server has it at the beginning. `SET standard_conforming_strings` is followed.
    void standard_strings(bool on) { standard_strings_ = on; }
    bool standard_strings() const { return standard_strings_; }

 private:
    /// From this byte of the buffer on, text stands at `position`: behind a variable, or behind
    /// data that were read before the rest of their line.
    struct Jump {
        std::size_t at = 0;
        SourcePosition position;
        bool fixed = false;
    };
    struct Expansion {
        std::size_t end = 0;
        std::string name;
    };

    bool fill();
    std::string_view rest() const { return std::string_view(buffer_).substr(at_); }
    void settle_position();
    void consume(std::size_t end);
    void pass(std::size_t end);
    void place_query(std::size_t begin);
    void take(std::size_t begin, std::size_t end, const Token& token);
    std::optional<Event> take_or_end(const Token& token);
    Event stop_at_command(std::size_t backslash);
    Event finish();
    void settle();
    void skip_mark();
    bool read_variable(std::size_t colon);
    void expand(std::size_t begin, std::size_t end, std::string_view value);
    bool is_expanding(std::string_view name);
    void begin_data();
    void end_data();

    Source source_;
    Lookup lookup_;
    std::string_view chunk_;  ///< What of the source's last chunk is not in the buffer yet.
    std::string buffer_;
    std::size_t at_ = 0;      ///< Read so far, in the buffer.
    std::size_t placed_ = 0;  ///< Up to here in the buffer, `here_` knows where it stands.
    SourcePosition here_;
    bool fixed_ = false;  ///< Inside the value of a variable: `here_` stands still.
    bool jumped_ = true;  ///< The query does not know yet where the next token stands.
    bool ended_ = false;  ///< The source has no more.
    bool started_ = false;
    bool standard_strings_ = true;
    std::vector<Jump> jumps_;  ///< In the order of their places.
    std::vector<Expansion> expansions_;
    Query query_;
    std::string gap_;  ///< Between the last token of the query and the next one.
    std::optional<Event> last_;
    SourcePosition command_;
    std::size_t command_end_ = 0;  ///< Of its line, in the buffer.
    std::size_t resume_ = 0;       ///< Where SQL goes on behind it.
    enum class Data { none, line_start, inside_line, done };
    Data data_ = Data::none;
    std::string after_data_;  ///< The rest of the line that began the data.
    SourcePosition after_data_position_;
};

}  // namespace caisson::sql
