// SPDX-License-Identifier: Apache-2.0
#include "operations/backups/logical/archive.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "base/error.h"

namespace caisson::backups {
namespace {

/// Writes as pg_dump does.
struct Archive {
    std::string bytes;
    int minor;

    explicit Archive(int minor_version = 14) : minor(minor_version) {}
    void byte(int value) { bytes += static_cast<char>(value); }
    void integer(std::int64_t value) {
        byte(value < 0 ? 1 : 0);
        for (std::uint64_t i = 0, left = static_cast<std::uint64_t>(std::abs(value)); i < 4; ++i) {
            byte(static_cast<int>((left >> (8 * i)) & 255U));
        }
    }
    void text(std::string_view value) {
        integer(static_cast<std::int64_t>(value.size()));
        bytes += value;
    }
    void head(int entries, int compression = 0) {
        bytes += "PGDMP";
        for (const int value : {1, minor, 0, 4, 8, 1}) {
            byte(value);
        }
        minor < 15 ? integer(compression) : byte(compression);
        for (int i = 0; i < 7; ++i) {
            integer(i);
        }
        text("a database");
        text("15.20");
        text("15.18");
        integer(entries);
    }
    void entry(int id, std::string_view kind, std::string_view tag, bool has_data) {
        integer(id);
        integer(has_data ? 1 : 0);
        text("1259");
        text("16384");
        text(tag);
        text(kind);
        integer(2);
        integer(-1);
        integer(-1);
        text("COPY x FROM stdin;\n");
        text("public");
        integer(-1);
        text("heap");
        if (minor >= 16) {
            integer('r');
        }
        text("owner");
        text("false");
        text("12");
        integer(-1);
        byte(1);
        bytes += std::string(8, '\0');
    }
    void rows(int id, const std::vector<std::string>& rows) {
        byte(1);
        integer(id);
        for (const auto& row : rows) {
            text(row + "\n");
        }
        text("\\.\n\n\n");
        integer(0);
    }
    void objects(int id, const std::vector<std::string>& contents) {
        byte(3);
        integer(id);
        for (const auto& content : contents) {
            integer(4711);
            text(content);
            integer(0);
        }
        integer(0);
    }
};

Archive small_archive(int minor = 14) {
    Archive archive(minor);
    archive.head(4);
    archive.entry(1, "TABLE", "users", false);
    archive.entry(2, "TABLE DATA", "users", true);
    archive.entry(3, "TABLE DATA", "empty", true);
    archive.entry(4, "BLOBS", "BLOBS", true);
    archive.rows(2, {"1\tanna", "2\tbert\\nwith a line", "3\t\\N"});
    archive.rows(3, {});
    archive.objects(4, {"some bytes\nof an object", "more"});
    return archive;
}

std::vector<TableContent> scan(std::string_view bytes, std::size_t step = 1'000'000) {
    ArchiveScanner scanner;
    for (std::size_t i = 0; i < bytes.size(); i += step) {
        scanner.add(bytes.substr(i, step));
    }
    return scanner.finish();
}

TEST(Archive, ItsRowsAreCountedAndHashedInEveryFormatAndStep) {
    for (const int minor : {14, 15, 16}) {
        const auto archive = small_archive(minor);
        for (const std::size_t step : {1, 2, 7, 64, 1'000'000}) {
            const auto tables = scan(archive.bytes, step);
            ASSERT_EQ(tables.size(), 2U);
            EXPECT_EQ(tables[0].table, "empty");
            EXPECT_EQ(tables[0].rows, 0U);
            EXPECT_EQ(tables[0].sha256, sha256_hex(""));
            const std::string rows = "1\tanna\n2\tbert\\nwith a line\n3\t\\N\n";
            EXPECT_EQ(tables[1].schema, "public");
            EXPECT_EQ(tables[1].rows, 3U);
            EXPECT_EQ(tables[1].bytes, rows.size());
            EXPECT_EQ(tables[1].sha256, sha256_hex(rows));
        }
    }
}

TEST(Archive, ManyRowsAreCounted) {
    Archive archive;
    archive.head(1);
    archive.entry(1, "TABLE DATA", "t", true);
    std::vector<std::string> rows;
    std::string all;
    std::mt19937 random(3);
    for (int i = 0; i < 40'000; ++i) {
        rows.push_back(std::to_string(i) + std::string(random() % 40, 'x'));
        all += rows.back() + "\n";
    }
    archive.rows(1, rows);
    const auto tables = scan(archive.bytes, 65'536);
    EXPECT_EQ(tables.at(0).rows, 40'000U);
    EXPECT_EQ(tables.at(0).bytes, all.size());
    EXPECT_EQ(tables.at(0).sha256, sha256_hex(all));
}

TEST(Archive, CutOffAnywhereIsNotWhole) {
    const auto archive = small_archive();
    for (std::size_t size = 0; size < archive.bytes.size(); ++size) {
        EXPECT_THROW(scan(archive.bytes.substr(0, size)), Error) << size;
    }
}

TEST(Archive, WhatIsNoneOrOfAnotherKindIsRefused) {
    const auto message = [](const std::string& bytes) -> std::string {
        try {
            scan(bytes);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::backup_failed);
            return error.message();
        }
        return "nothing";
    };
    EXPECT_THAT(message("--\n-- PostgreSQL database dump\n--"), testing::HasSubstr("begin as one"));
    Archive compressed;
    compressed.head(0, 6);
    EXPECT_THAT(message(compressed.bytes), testing::HasSubstr("compressed"));
    Archive newer(17);
    newer.head(0);
    EXPECT_THAT(message(newer.bytes), testing::HasSubstr("1.17"));
    Archive stray;
    stray.head(0);
    stray.rows(9, {"1"});
    EXPECT_THAT(message(stray.bytes), testing::HasSubstr("belongs to nothing"));
    Archive missing;
    missing.head(1);
    missing.entry(1, "TABLE DATA", "t", true);
    EXPECT_THAT(message(missing.bytes), testing::HasSubstr("public.t are missing"));
}

TEST(Archive, RandomBytesBehindAHeadNeverBreakIt) {
    std::mt19937 random(11);
    for (int i = 0; i < 3'000; ++i) {
        auto bytes = small_archive().bytes;
        for (int j = 0; j < 4; ++j) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        try {
            scan(bytes, 1 + random() % 500);
        } catch (const Error& error) {
            EXPECT_EQ(error.code(), Code::backup_failed);
        }
    }
}

}  // namespace
}  // namespace caisson::backups
