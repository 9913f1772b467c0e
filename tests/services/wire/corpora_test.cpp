#include <gtest/gtest.h>

#include <filesystem>

#include <openssl/evp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "services/json/json.h"
#include "services/wire/frames.h"
#include "tests/services/wire/wire_fixture.h"
#include "tests/support/temp_dir.h"

#ifndef QD_SHARED_DATA
#define QD_SHARED_DATA ""
#endif

// Other people's conformance cases, replayed over raw sockets.
namespace qd::wire {

namespace {

std::string fromHex(std::string_view hex)
{
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

std::string fromBase64(std::string_view text)
{
    std::vector<unsigned char> bytes(text.size());
    std::vector<unsigned char> input(text.begin(), text.end());
    const int size = EVP_DecodeBlock(bytes.data(), input.data(), static_cast<int>(input.size()));
    std::string decoded(bytes.begin(), bytes.begin() + std::max(0, size));
    for (std::size_t i = text.size(); i > 0 && text[i - 1] == '=' && !decoded.empty(); --i) decoded.pop_back();
    return decoded;
}

std::string repeated(const std::string& pattern, std::int64_t bytes)
{
    std::string text;
    while (!pattern.empty() && static_cast<std::int64_t>(text.size()) < bytes) text += pattern;
    return text;
}

std::string maskedFrame(std::uint8_t opcode, bool fin, std::uint8_t rsv, std::string payload)
{
    const std::array<unsigned char, 4> key{0xA1, 0x2B, 0x3C, 0x4D};
    FrameHead head = frameHead(static_cast<Opcode>(opcode), payload.size(), &key);
    head.bytes[0] = static_cast<unsigned char>((fin ? 0x80 : 0) | rsv << 4 | opcode);
    applyMask(payload, 0, key, 0);
    return std::string(head.bytes.begin(), head.bytes.begin() + head.size) + payload;
}

/// What a server said, a line each: "text 48656c", "pong …", "close 1000".
std::vector<std::string> describeFrames(const std::string& received)
{
    std::vector<std::string> lines;
    FrameDecoder decoder(false, 1 << 20);
    std::string_view rest = received;
    while (true) {
        switch (decoder.next(rest)) {
        case FrameDecoder::Step::Message: {
            const auto message = decoder.takeMessage();
            lines.push_back((message.binary ? "binary " : "text ") + message.payload);
            break;
        }
        case FrameDecoder::Step::Pong: lines.push_back("pong " + decoder.control()); break;
        case FrameDecoder::Step::Ping: lines.push_back("ping"); break;
        case FrameDecoder::Step::Close:
            lines.push_back("close " + std::to_string(decoder.closeReason().code));
            return lines;
        case FrameDecoder::Step::Failed: lines.push_back("broken"); return lines;
        case FrameDecoder::Step::NeedMore: return lines;
        }
    }
}

std::vector<std::string> expectedLines(const json::Value& list)
{
    std::vector<std::string> lines;
    for (const json::Value& item : list.items()) {
        if (!item["pong_hex"].isMissing()) {
            lines.push_back("pong " + fromHex(item["pong_hex"].stringOr("")));
        } else {
            std::string payload = fromHex(item["message_hex"].stringOr(""));
            if (const json::Value big = item["message_hex"]; big.isObject())
                payload = repeated(fromHex(big["repeat_hex"].stringOr("")), big["bytes"].integerOr(0));
            lines.push_back((item["binary"].booleanOr(false) ? "binary " : "text ") + payload);
        }
    }
    return lines;
}

void play(RawClient& client, const json::Value& action)
{
    const auto op = action["op"].stringOr("");
    if (op == "frame") {
        std::string payload = fromHex(action["payload_hex"].stringOr(""));
        if (!action["payload_repeat_to"].isAbsent())
            payload = repeated(payload, action["payload_repeat_to"].integerOr(0));
        const std::string frame = maskedFrame(static_cast<std::uint8_t>(action["opcode"].integerOr(0)),
                                              action["fin"].booleanOr(true),
                                              static_cast<std::uint8_t>(action["rsv"].integerOr(0)), payload);
        const auto chop = static_cast<std::size_t>(action["chop"].integerOr(static_cast<std::int64_t>(frame.size())));
        for (std::size_t at = 0; at < frame.size(); at += chop) client.send(std::string_view(frame).substr(at, chop));
    } else if (op == "close") {
        client.send(maskedFrame(8, true, 0, closePayload({static_cast<int>(action["code"].integerOr(1000)), {}})));
    }
}

Result<json::Document> load(const std::string& name)
{
    json::Limits limits;
    limits.sizeBytesMax = 4 << 20;
    return json::Document::parse(test::readFile(std::string(QD_SHARED_DATA) + "/corpora/" + name), limits);
}

/// The corpus has RTSP and ICE, HTTP/0.9 and /2.0, too.
bool isHttp1(const std::string& message)
{
    const std::size_t start = message.find_first_not_of("\r\n");
    const std::size_t end = message.find("\r\n", start);
    return std::string_view(message).substr(0, end).find("HTTP/1.") != std::string_view::npos;
}

bool isPresent()
{
    return std::filesystem::exists(std::string(QD_SHARED_DATA) + "/corpora/autobahn");
}

} // namespace

TEST(Corpora, AutobahnSectionsOneToFour)
{
    if (!isPresent()) GTEST_SKIP() << "shared data not present";
    const auto cases = load("autobahn/cases_sections_1_to_4.json");
    ASSERT_TRUE(cases) << describe(cases.error());
    Loopback loopback;
    for (const json::Value& one : cases->root().items()) {
        RawClient client(loopback.server().port());
        upgrade(client);
        bool closesItself = false;
        for (const json::Value& action : one["actions"].items()) {
            closesItself = closesItself || action["op"].stringOr("") == "close";
            play(client, action);
        }
        const json::Value close = one["expected_close"];
        if (close["closed_by_tester"].booleanOr(false) && !closesItself)
            client.send(maskedFrame(8, true, 0, "\x03\xe8"));
        auto lines = describeFrames(client.receiveUntilClosed());
        ASSERT_FALSE(lines.empty()) << one["id"].dump();
        EXPECT_EQ(lines.back(), "close " + std::to_string(close["codes"].at(0).integerOr(0))) << one["id"].dump();
        lines.pop_back();
        // Not EXPECT_EQ: the payloads are too long to be printed.
        EXPECT_TRUE(lines == expectedLines(one["expected"]["OK"])) << one["id"].dump();
    }
}

TEST(Corpora, AutobahnUtf8)
{
    if (!isPresent()) GTEST_SKIP() << "shared data not present";
    const auto cases = load("autobahn/utf8_validity.json");
    ASSERT_TRUE(cases);
    Loopback loopback;
    for (const json::Value& one : cases->root().items()) {
        const std::string text = fromHex(one["hex"].stringOr(""));
        const bool valid = one["valid"].booleanOr(false);
        EXPECT_EQ(isValidUtf8(text), valid) << one["hex"].dump();
        RawClient client(loopback.server().port());
        upgrade(client);
        // In two fragments, cut inside whatever stands in the middle.
        client.send(maskedFrame(1, false, 0, text.substr(0, text.size() / 2)));
        client.send(maskedFrame(0, true, 0, text.substr(text.size() / 2)));
        if (valid) client.send(maskedFrame(8, true, 0, "\x03\xe8"));
        const auto expected = valid ? std::vector<std::string>{"text " + text, "close 1000"}
                                    : std::vector<std::string>{"close 1007"};
        EXPECT_EQ(describeFrames(client.receiveUntilClosed()), expected) << one["hex"].dump();
    }
}

TEST(Corpora, LlhttpRequestsAreNotRefused)
{
    if (!isPresent()) GTEST_SKIP() << "shared data not present";
    const auto cases = load("llhttp/accept_cases.json");
    ASSERT_TRUE(cases);
    Loopback loopback;
    int played = 0;
    for (const json::Value& one : cases->root().items()) {
        if (one["type"].stringOr("") != "request") continue;
        const std::string input = fromBase64(one["input_b64"].stringOr(""));
        if (!isHttp1(input)) continue;
        ++played;
        RawClient client(loopback.server().port());
        client.send(input);
        ::shutdown(client.descriptor(), SHUT_WR);
        const std::string answer = client.receiveUntilClosed();
        EXPECT_EQ(answer.find("HTTP/1.1 400"), std::string::npos) << one["name"].dump() << "\n" << input.substr(0, 300);
    }
    EXPECT_GE(played, 50);
}

TEST(Corpora, LlhttpAnswersAreRead)
{
    if (!isPresent()) GTEST_SKIP() << "shared data not present";
    const auto cases = load("llhttp/accept_cases.json");
    ASSERT_TRUE(cases);
    RawServer peer;
    Loopback loopback;
    int played = 0;
    for (const json::Value& one : cases->root().items()) {
        if (one["type"].stringOr("") != "response") continue;
        const std::string input = fromBase64(one["input_b64"].stringOr(""));
        const auto name = one["name"].stringOr("");
        // Two refusals are ours on purpose: a status line without its second space, and a chunked
        // coding that is not the last one, whose end nobody can know.
        if (!isHttp1(input) || name == "No reason phrase" ||
            name == "multiple transfer-encoding where chunked is not the last one")
            continue;
        ++played;
        Eventually<Result<HttpResponse>> answer;
        HttpRequest request;
        request.target = "http://127.0.0.1:" + std::to_string(peer.port()) + "/";
        loopback.client().send(request, [&](Result<HttpResponse> result) { answer.set(std::move(result)); });
        const int fd = peer.accept();
        RawServer::readUntil(fd, "\r\n\r\n");
        RawServer::write(fd, input);
        ::close(fd);
        const auto result = answer.wait();
        ASSERT_TRUE(result);
        EXPECT_TRUE(*result || (*result).error().code != "wire.protocol") << name << "\n" << input.substr(0, 300);
    }
    EXPECT_GE(played, 30);
}

} // namespace qd::wire
