// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/archive.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <tuple>

#include <fmt/format.h>

#include "base/crypto.h"
#include "base/error.h"

namespace caisson::backups {
namespace {

/// Rows come one by one: they are hashed together.
constexpr std::size_t together = std::size_t{256} << 10U;
/// A statement of the table of contents that is longer is no statement.
constexpr std::int64_t longest_text = std::int64_t{1} << 30U;
/// What pg_dump writes behind the rows of a table.
constexpr std::string_view end_of_rows = "\\.\n\n\n";

constexpr std::size_t int_bytes = 4;
constexpr char data_block = 1;
constexpr char blobs_block = 3;

[[noreturn]] void fail(const std::string& why) {
    throw Error(Code::backup_failed, "what pg_dump wrote is not a whole archive: " + why);
}

struct Entry {
    std::string tag;
    std::string kind;
    std::string schema;
    bool has_data = false;
    bool is_seen = false;
};

/// Not enough bytes yet: the step is tried again when there are more.
struct NeedsMore {};

/// Reads values off what is there.
class Cursor {
 public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}

    char byte() { return take(1).front(); }
    std::int64_t integer() {
        const auto part = take(1 + int_bytes);
        std::int64_t value = 0;
        for (std::size_t i = 0; i < int_bytes; ++i) {
            value |= std::int64_t{static_cast<unsigned char>(part[1 + i])} << (8 * i);
        }
        return part[0] == 0 ? value : -value;
    }
    /// Nothing for NULL.
    std::optional<std::string_view> text() {
        const auto size = integer();
        if (size < 0) {
            return std::nullopt;
        }
        if (size > longest_text) {
            fail("a text in it has no sensible length");
        }
        return take(static_cast<std::size_t>(size));
    }
    std::string_view take(std::size_t count) {
        if (bytes_.size() - done_ < count) {
            throw NeedsMore();
        }
        done_ += count;
        return bytes_.substr(done_ - count, count);
    }
    std::size_t done() const { return done_; }

 private:
    std::string_view bytes_;
    std::size_t done_ = 0;
};

}  // namespace

struct ArchiveScanner::State {
    enum class At { head, contents, block, chunk, rows, object };

    void add(std::string_view bytes) {
        if (waiting.empty()) {
            waiting = std::string(bytes.substr(consume(bytes)));
        } else {
            waiting.append(bytes);
            waiting.erase(0, consume(waiting));
        }
    }

    /// How many of the bytes it could do something with.
    std::size_t consume(std::string_view bytes) {
        std::size_t done = 0;
        try {
            while (done < bytes.size()) {
                if (at == At::rows) {
                    const auto size = std::min<std::uint64_t>(bytes.size() - done, left);
                    take_rows(bytes.substr(done, static_cast<std::size_t>(size)));
                    done += static_cast<std::size_t>(size);
                } else {
                    Cursor cursor(bytes.substr(done));
                    step(cursor);
                    done += cursor.done();
                }
            }
        } catch (const NeedsMore&) {
        }
        return done;
    }

    void step(Cursor& cursor) {
        switch (at) {
            case At::head:
                return read_head(cursor);
            case At::contents:
                return read_entry(cursor);
            case At::block:
                return read_block(cursor);
            case At::object:
                return read_object(cursor);
            default:
                return read_chunk(cursor);
        }
    }

    void read_head(Cursor& cursor) {
        if (cursor.take(5) != "PGDMP") {
            fail("it does not begin as one");
        }
        const int major = cursor.byte();
        minor = cursor.byte();
        cursor.byte();
        const int integer_bytes = cursor.byte();
        offset_size = static_cast<std::size_t>(cursor.byte());
        if (major != 1 || minor < 14 || minor > 16 || integer_bytes != 4 || offset_size > 8) {
            fail(fmt::format("its format is {}.{}; expected 1.14 to 1.16", major, minor));
        }
        if (cursor.byte() != 1) {
            fail("it is not of the custom format");
        }
        if (minor < 15 ? cursor.integer() != 0 : cursor.byte() != 0) {
            fail("it is compressed");
        }
        for (int i = 0; i < 7; ++i) {
            cursor.integer();  // When it was made.
        }
        cursor.text();  // The database.
        cursor.text();  // The server's version.
        version = cursor.text().value_or("");
        entries_left = cursor.integer();
        at = entries_left > 0 ? At::contents : At::block;
    }

    void read_entry(Cursor& cursor) {
        Entry entry;
        const auto id = cursor.integer();
        entry.has_data = cursor.integer() != 0;
        cursor.text();  // The catalogue's OID.
        cursor.text();  // The object's OID.
        entry.tag = cursor.text().value_or("");
        entry.kind = cursor.text().value_or("");
        cursor.integer();  // Section.
        cursor.text();     // Definition.
        cursor.text();     // DROP.
        cursor.text();     // COPY.
        entry.schema = cursor.text().value_or("");
        cursor.text();  // Tablespace.
        cursor.text();  // Access method.
        if (minor >= 16) {
            cursor.integer();  // Kind of relation.
        }
        cursor.text();  // Owner.
        cursor.text();  // "false".
        while (cursor.text()) {
        }  // What it depends on.
        cursor.take(1 + offset_size);
        entries[id] = std::move(entry);
        if (--entries_left == 0) {
            at = At::block;
        }
    }

    void read_block(Cursor& cursor) {
        const char kind = cursor.byte();
        const auto id = cursor.integer();
        const auto entry = entries.find(id);
        if ((kind != data_block && kind != blobs_block) || entry == entries.end()) {
            fail("a block of data belongs to nothing");
        }
        entry->second.is_seen = true;
        current = &entry->second;
        content = {};
        hash.emplace(Digest::Kind::sha256);
        at = kind == data_block ? At::chunk : At::object;
    }

    /// A large object begins, or there is none any more.
    void read_object(Cursor& cursor) {
        if (cursor.integer() == 0) {
            at = At::block;
            return;
        }
        ++objects;
        in_object = true;
        at = At::chunk;
    }

    void read_chunk(Cursor& cursor) {
        const auto size = cursor.integer();
        if (size > 0) {
            left = static_cast<std::uint64_t>(size);
            at = At::rows;
        } else if (size < 0) {
            fail("a piece of data has a negative length");
        } else if (in_object) {
            in_object = false;
            at = At::object;
        } else {
            end_block();
        }
    }

    void take_rows(std::string_view bytes) {
        left -= bytes.size();
        if (left == 0) {
            at = At::chunk;
        }
        if (in_object) {
            return;
        }
        buffer.append(bytes);
        if (buffer.size() >= together) {
            flush();
        }
    }

    /// Hashes what was gathered, but for the end, which may be the mark behind the rows.
    void flush() {
        const auto kept = std::min(buffer.size(), end_of_rows.size());
        const auto rows = std::string_view(buffer).substr(0, buffer.size() - kept);
        hash->add(rows);
        content.bytes += rows.size();
        content.rows += static_cast<std::uint64_t>(std::ranges::count(rows, '\n'));
        buffer.erase(0, buffer.size() - kept);
    }

    void end_block() {
        at = At::block;
        flush();
        if (current->kind == "TABLE DATA") {
            if (buffer != end_of_rows) {
                fail(fmt::format("the rows of {}.{} do not end as rows do", current->schema,
                                 current->tag));
            }
            content.schema = current->schema;
            content.table = current->tag;
            content.sha256 = hash->hex();
            tables.push_back(content);
        }
        buffer.clear();
    }

    At at = At::head;
    int minor = 0;
    std::size_t offset_size = 8;
    std::string version;
    std::int64_t entries_left = 0;
    std::map<std::int64_t, Entry> entries;
    std::string waiting;     ///< Of the step that needs more.
    std::uint64_t left = 0;  ///< Of the chunk.
    bool in_object = false;
    Entry* current = nullptr;
    TableContent content;
    std::string buffer;
    std::optional<Digest> hash;
    std::vector<TableContent> tables;
    std::uint64_t objects = 0;
};

ArchiveScanner::ArchiveScanner() : state_(std::make_unique<State>()) {}
ArchiveScanner::~ArchiveScanner() = default;

void ArchiveScanner::add(std::string_view bytes) { state_->add(bytes); }
const std::string& ArchiveScanner::program_version() const { return state_->version; }
std::uint64_t ArchiveScanner::large_objects() const { return state_->objects; }

std::vector<TableContent> ArchiveScanner::finish() {
    auto& state = *state_;
    if (state.at != State::At::block || !state.waiting.empty()) {
        fail("its end is missing");
    }
    for (const auto& [id, entry] : state.entries) {
        if (entry.has_data && !entry.is_seen) {
            fail(fmt::format("the data of {}.{} are missing", entry.schema, entry.tag));
        }
    }
    auto tables = std::move(state.tables);
    std::ranges::sort(tables, [](const TableContent& a, const TableContent& b) {
        return std::tie(a.schema, a.table) < std::tie(b.schema, b.table);
    });
    return tables;
}

}  // namespace caisson::backups
