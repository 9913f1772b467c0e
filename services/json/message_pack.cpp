#include "services/json/message_pack.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <fmt/format.h>

namespace qd::json {

namespace {

constexpr int kDepthMax = 16;
constexpr std::size_t kBytesMax = 1 << 20;

class Encoder {
public:
    explicit Encoder(TimestampForm timestamps) : m_timestamps(timestamps) {}

    void write(const Value& value, std::string_view key = {})
    {
        switch (value.kind()) {
        case Value::Kind::Missing:
        case Value::Kind::Null: byte(0xc0); break;
        case Value::Kind::Boolean: byte(value.booleanOr(false) ? 0xc3 : 0xc2); break;
        case Value::Kind::Number: writeNumber(value); break;
        case Value::Kind::String: writeString(value.stringOr(""), key); break;
        case Value::Kind::Array:
            header(value.size(), 0x90, 15, 0xdc, 0xdd);
            for (const Value& item : value.items())
                write(item);
            break;
        case Value::Kind::Object:
            header(value.size(), 0x80, 15, 0xde, 0xdf);
            for (const auto& member : value.members()) {
                writeText(member.key);
                write(member.value, member.key);
            }
            break;
        }
    }
    std::string take() { return std::move(m_out); }

private:
    void byte(unsigned value) { m_out += static_cast<char>(value); }
    void bigEndian(std::uint64_t value, int bytes)
    {
        for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
            byte(static_cast<unsigned>(value >> shift) & 0xffu);
    }
    void header(std::size_t size, unsigned small, std::size_t smallMax, unsigned two, unsigned four)
    {
        if (size <= smallMax) {
            byte(small | static_cast<unsigned>(size));
        } else if (size <= 0xffff) {
            byte(two);
            bigEndian(size, 2);
        } else {
            byte(four);
            bigEndian(size, 4);
        }
    }
    void writeText(std::string_view text)
    {
        if (text.size() > 31 && text.size() <= 255) {
            byte(0xd9);
            byte(static_cast<unsigned>(text.size()));
        } else {
            header(text.size(), 0xa0, 31, 0xda, 0xdb);
        }
        m_out += text;
    }
    void writeString(std::string_view text, std::string_view key)
    {
        if (m_timestamps == TimestampForm::Extension && key == "t") {
            if (const auto time = Timestamp::parse(text)) {
                // timestamp 64: 30 bits of nanoseconds, 34 bits of seconds
                const std::int64_t seconds = time->seconds();
                const std::int64_t nanos = time->nanos() - seconds * 1'000'000'000;
                byte(0xd7);
                byte(0xff);
                bigEndian((static_cast<std::uint64_t>(nanos) << 34)
                              | static_cast<std::uint64_t>(seconds),
                          8);
                return;
            }
        }
        writeText(text);
    }
    void writeNumber(const Value& value)
    {
        const auto integer = value.integer();
        if (!integer) {
            byte(0xcb);
            bigEndian(std::bit_cast<std::uint64_t>(value.number().value_or(0.0)), 8);
            return;
        }
        if (*integer >= 0 && *integer <= 0x7f) {
            byte(static_cast<unsigned>(*integer));
        } else if (*integer >= -32 && *integer < 0) {
            byte(static_cast<unsigned>(*integer) & 0xffu);
        } else if (*integer > 0) {
            byte(0xcf);
            bigEndian(static_cast<std::uint64_t>(*integer), 8);
        } else {
            byte(0xd3);
            bigEndian(static_cast<std::uint64_t>(*integer), 8);
        }
    }

    TimestampForm m_timestamps;
    std::string m_out;
};

class Decoder {
public:
    explicit Decoder(std::string_view bytes) : m_bytes(bytes) {}

    Result<std::string> decode()
    {
        read(0);
        if (m_error.empty() && m_at != m_bytes.size())
            m_error = "bytes after the value";
        if (!m_error.empty())
            return fail(ErrorKind::Invalid,
                        m_tooDeep ? "messagepack.too_deep" : "messagepack.syntax", m_error);
        return m_out.take();
    }

private:
    bool broken(std::string_view why)
    {
        if (m_error.empty())
            m_error = std::string(why);
        return false;
    }
    std::uint64_t bigEndian(std::size_t bytes)
    {
        if (m_bytes.size() - m_at < bytes) {
            broken("cut off");
            return 0;
        }
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes; ++i)
            value = value << 8 | static_cast<unsigned char>(m_bytes[m_at++]);
        return value;
    }
    std::string_view text(std::uint64_t size)
    {
        if (m_bytes.size() - m_at < size) {
            broken("cut off");
            return {};
        }
        const auto found = m_bytes.substr(m_at, size);
        m_at += size;
        return found;
    }
    /// A string or binary length that `tag` announces; nothing when it is neither.
    std::optional<std::uint64_t> textSize(unsigned tag)
    {
        if ((tag & 0xe0u) == 0xa0)
            return tag & 0x1fu;
        switch (tag) {
        case 0xc4: case 0xd9: return bigEndian(1);
        case 0xc5: case 0xda: return bigEndian(2);
        case 0xc6: case 0xdb: return bigEndian(4);
        default: return std::nullopt;
        }
    }

    bool read(int depth)
    {
        if (depth > kDepthMax) {
            m_tooDeep = true;
            return broken("nested too deeply");
        }
        const auto tag = static_cast<unsigned>(bigEndian(1));
        if (!m_error.empty())
            return false;
        if (tag <= 0x7f)
            m_out.value(static_cast<std::int64_t>(tag));
        else if (tag >= 0xe0)
            m_out.value(static_cast<std::int64_t>(static_cast<std::int8_t>(tag)));
        else if ((tag & 0xf0u) == 0x80)
            return readMap(tag & 0x0fu, depth);
        else if ((tag & 0xf0u) == 0x90)
            return readArray(tag & 0x0fu, depth);
        else if (const auto size = textSize(tag))
            m_out.value(text(*size));
        else
            return readTagged(tag, depth);
        return m_error.empty();
    }

    bool readTagged(unsigned tag, int depth)
    {
        switch (tag) {
        case 0xc0: m_out.null(); break;
        case 0xc2: m_out.value(false); break;
        case 0xc3: m_out.value(true); break;
        case 0xca:
            m_out.value(static_cast<double>(
                std::bit_cast<float>(static_cast<std::uint32_t>(bigEndian(4)))));
            break;
        case 0xcb: m_out.value(std::bit_cast<double>(bigEndian(8))); break;
        case 0xcc: m_out.value(bigEndian(1)); break;
        case 0xcd: m_out.value(bigEndian(2)); break;
        case 0xce: m_out.value(bigEndian(4)); break;
        case 0xcf: m_out.value(bigEndian(8)); break;
        case 0xd0:
            m_out.value(std::int64_t{static_cast<std::int8_t>(bigEndian(1))});
            break;
        case 0xd1:
            m_out.value(std::int64_t{static_cast<std::int16_t>(bigEndian(2))});
            break;
        case 0xd2:
            m_out.value(std::int64_t{static_cast<std::int32_t>(bigEndian(4))});
            break;
        case 0xd3: m_out.value(static_cast<std::int64_t>(bigEndian(8))); break;
        case 0xd6: return readTimestamp(4);
        case 0xd7: return readTimestamp(8);
        case 0xc7: return readTimestamp(bigEndian(1));
        case 0xdc: return readArray(bigEndian(2), depth);
        case 0xdd: return readArray(bigEndian(4), depth);
        case 0xde: return readMap(bigEndian(2), depth);
        case 0xdf: return readMap(bigEndian(4), depth);
        default: return broken(fmt::format("tag 0x{:02x} is not taken", tag));
        }
        return m_error.empty();
    }

    bool readTimestamp(std::uint64_t size)
    {
        if (bigEndian(1) != 0xff || (size != 4 && size != 8 && size != 12))
            return broken("an extension that is no timestamp");
        std::uint64_t nanos = 0;
        std::uint64_t seconds = 0;
        if (size == 12) {
            nanos = bigEndian(4);
            seconds = bigEndian(8);
        } else {
            const std::uint64_t packed = bigEndian(size);
            nanos = size == 8 ? packed >> 34 : 0;
            seconds = size == 8 ? packed & 0x3'ffff'ffff : packed;
        }
        constexpr std::uint64_t kSecondsMax = 9'000'000'000;
        if (nanos >= 1'000'000'000 || seconds > kSecondsMax)
            return broken("timestamp out of range");
        m_out.value(Timestamp::fromNanos(static_cast<std::int64_t>(seconds) * 1'000'000'000
                                         + static_cast<std::int64_t>(nanos))
                        .toString(9));
        return m_error.empty();
    }

    bool readArray(std::uint64_t size, int depth)
    {
        m_out.beginArray();
        for (std::uint64_t i = 0; i < size; ++i)
            if (!read(depth + 1))
                return false;
        m_out.endArray();
        return true;
    }

    bool readMap(std::uint64_t size, int depth)
    {
        m_out.beginObject();
        for (std::uint64_t i = 0; i < size; ++i) {
            const auto keySize = textSize(static_cast<unsigned>(bigEndian(1)));
            if (!keySize)
                return broken("a key that is no string");
            m_out.key(text(*keySize));
            if (!m_error.empty() || !read(depth + 1))
                return false;
        }
        m_out.endObject();
        return true;
    }

    std::string_view m_bytes;
    std::size_t m_at = 0;
    Writer m_out;
    std::string m_error;
    bool m_tooDeep = false;
};

} // namespace

std::string toMessagePack(const Value& value, TimestampForm timestamps)
{
    Encoder encoder(timestamps);
    encoder.write(value);
    return encoder.take();
}

Result<std::string> fromMessagePack(std::string_view bytes)
{
    if (bytes.size() > kBytesMax)
        return fail(ErrorKind::Invalid, "messagepack.too_large",
                    fmt::format("expected at most {} bytes, was {}", kBytesMax, bytes.size()));
    return Decoder(bytes).decode();
}

} // namespace qd::json
