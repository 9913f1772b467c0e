// The rows of the order room and the requests in the log: any text is refused or reads back as what
// was read.
// uses: models/base models/orders services/json services/orders
#include <cstdint>
#include <string_view>

#include "services/json/json.h"
#include "services/orders/order_json.h"

namespace {

using namespace qd;

std::string write(const Order& order)
{
    json::Writer out;
    orders::writeOrder(out, order, orders::Detail::Log);
    return out.take();
}

std::string write(const Fill& fill)
{
    json::Writer out;
    orders::writeFill(out, fill, orders::Detail::Log);
    return out.take();
}

std::string write(const AccountSnapshot& account)
{
    json::Writer out;
    orders::writeAccount(out, account);
    return out.take();
}

template <typename Read>
void check(const json::Value& root, Read read)
{
    const auto row = read(root);
    if (!row) {
        QD_ASSERT(row.error().kind == ErrorKind::Invalid && !row.error().code.empty());
        return;
    }
    const std::string written = write(*row);
    const auto document = json::Document::parse(written);
    QD_ASSERT(document);
    const auto again = read(document->root());
    QD_ASSERT(again && write(*again) == written);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size)
{
    if (size == 0) return 0;
    const auto document =
        json::Document::parse({reinterpret_cast<const char*>(bytes) + 1, size - 1});
    if (!document) return 0;
    const json::Value root = document->root();
    switch (bytes[0] % 4) {
    case 0: check(root, orders::readOrder); break;
    case 1: check(root, orders::readFill); break;
    case 2: check(root, orders::readAccount); break;
    default:
        if (const auto request = orders::readRequest(root); !request)
            QD_ASSERT(!request.error().empty());
    }
    return 0;
}
