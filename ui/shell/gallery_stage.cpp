#include "ui/shell/gallery_stage.h"

#include <QApplication>
#include <QEventLoop>
#include <QTimer>

#include "ui/orders/order_ticket.h"

namespace qd::ui {

namespace {

constexpr std::uint64_t kSeed = 20240403;
constexpr int kSettleRounds = 40;
constexpr int kRoundMs = 10;

} // namespace

void settle(int rounds)
{
    QEventLoop loop;
    QTimer::singleShot(rounds * kRoundMs, &loop, &QEventLoop::quit);
    loop.exec();
    QApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
}

GalleryStage::GalleryStage(Theme& theme, QSize size, bool answering)
    : clock(Timestamp::of("2024-04-03T14:42:17.381Z")), session(clock, kSeed), people(clock),
      identity(people, keys, {}), desk(session, clock), random(kSeed),
      window(desk, theme, random,
             People{people, identity, [](const QUrl&) { return true; },
                    [this] { identity.beOwner(); }, QStringLiteral("https://desk.example.org")})
{
    session.setAnswering(answering);
    identity.beOwner();
    window.resize(size);
    window.show();
    desk.setWatchlist(session.world().symbols());
    desk.select(Symbol::of("SPY"));
    session.start();
    window.arrangeByDefault();
    settle(answering ? kSettleRounds : 5);
    if (!answering) return;
    window.arrangeByDefault();
    session.tick(12);
    settle(4);
}

void GalleryStage::typeOrder(Side side, const char* quantity)
{
    window.ticket().begin(side);
    window.ticket().setQuantity(QString::fromLatin1(quantity));
    window.ticket().setPrice(Price::of("511.86"));
    settle();
}

void GalleryStage::signIn()
{
    identity.signIn({"ann@example.org", runtime::Secret(ScriptedPeople::kPassword),
                     runtime::Secret(ScriptedPeople::kCode)},
                    &window, [](const client::Answer<bool>&) {});
    settle(8);
}

} // namespace qd::ui
