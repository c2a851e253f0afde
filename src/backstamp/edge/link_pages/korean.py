"""The pages before a link, in Korean."""

from typing import Final

from backstamp.edge.link_pages.wording import LinkWords, Look, Why
from backstamp.vocabulary import ReaderReportKind, ThreatType

KOREAN: Final = LinkWords(
    language="ko",
    date="{year}년 {month} {day}일",
    months=tuple(f"{month}월" for month in range(1, 13)),
    by="{organisation}에서 메일을 보호합니다",
    by_nobody="메일 시스템이 받은 메일의 링크를 검사합니다",
    by_sender="발신자의 메일 시스템이 보낸 메일의 링크를 검사합니다",
    titles={
        Look.BLOCKED: "차단된 링크입니다",
        Look.SWITCHED_OFF: "사용이 중지된 링크입니다",
        Look.WARNED: "위험할 수 있는 링크입니다",
        Look.CHECKING: "링크를 검사하고 있습니다",
        Look.UNCHECKED: "지금은 이 링크를 검사할 수 없습니다",
        Look.ABANDONED: "이 링크는 더 이상 검사되지 않습니다",
    },
    leads={
        Look.BLOCKED: "해당 사이트로 이동하지 않았으며 아무 일도 일어나지 않았습니다. 이 페이지를 닫으셔도 "
        "됩니다.",
        Look.SWITCHED_OFF: "이 링크는 더 이상 연결되지 않습니다. 어디로도 이동하지 않았으며 아무 일도 "
        "일어나지 않았습니다. 필요한 내용이 있다면 메일을 보낸 사람에게 문의해 주세요.",
        Look.WARNED: "아직 해당 사이트로 이동하지 않았습니다. 먼저 주소를 확인해 주세요. 예상하신 주소가 "
        "맞습니까?",
        Look.CHECKING: "잠시만 기다려 주세요. 길어도 3초이며, 끝나면 자동으로 넘어갑니다.",
        Look.UNCHECKED: "이 링크가 안전한지 지금은 확인할 수 없습니다. 몇 분 후 다시 시도하시거나, 보낸 "
        "사람을 알고 예상하신 링크라면 계속 진행해 주세요.",
        Look.ABANDONED: "이 메일의 링크를 검사하던 서비스가 종료되었습니다. 보낸 사람을 알고 예상하신 "
        "링크일 때만 계속 진행해 주세요.",
    },
    leads_to="연결되는 주소",
    led_to="연결되던 주소",
    leads_on_to="이어서 연결되는 주소",
    reason="이유",
    named_by="등록된 목록",
    since="{list}, {date}부터",
    is_punycode="이 주소에는 다른 글자로 오인될 수 있는 글자가 있어 기술적인 표기로 표시합니다.",
    whole_address="전체 주소 보기",
    listed={
        ThreatType.MALWARE: "악성 프로그램을 퍼뜨리는 것으로 알려져 있습니다.",
        ThreatType.PHISHING: "비밀번호나 결제 정보를 훔치는 사기 페이지로 알려져 있습니다.",
        ThreatType.UNWANTED_SOFTWARE: "원하지 않는 동작을 하는 프로그램을 제공하는 것으로 알려져 있습니다.",
        ThreatType.SPAM: "스팸 메일에 쓰이는 것으로 알려져 있습니다.",
        ThreatType.FORBIDDEN: "이곳에서 허용되지 않는 링크 목록에 있습니다.",
        ThreatType.SUSPICIOUS: "의심스러운 링크 목록에 있습니다.",
    },
    suspected={
        ThreatType.MALWARE: "악성 프로그램을 퍼뜨리는 것으로 의심되며 해로울 수 있습니다.",
        ThreatType.PHISHING: "비밀번호나 결제 정보를 훔치는 사기 페이지로 의심됩니다.",
        ThreatType.UNWANTED_SOFTWARE: "원하지 않는 동작을 하는 프로그램을 제공하는 것으로 의심됩니다.",
    },
    not_certain="이 보호 기능은 완벽하지 않습니다. 안전한 페이지가 잘못 표시될 수 있으며, "
    "위험한 페이지가 모두 알려져 있지는 않습니다.",
    advisory="Google 제공 권고(Advisory provided by Google)",
    learn_more="이러한 페이지에 대해 자세히 알아보기",
    why={
        Why.UNRESOLVED: "위험한 링크 목록에 있을 수 있으나 제때 확인하지 못했습니다.",
        Why.OWN_LIST: "관리자가 차단했습니다.",
        Why.SWITCHED_OFF: "관리자가 사용을 중지했습니다.",
        Why.DOUBTED: "메일이 도착했을 때 의심스러운 링크로 보였습니다.",
        Why.ASKED_OFTEN: "스팸 메일로 퍼지고 있는 것처럼 비정상적으로 자주 열리고 있습니다.",
        Why.IMITATES: "주소가 {name}와(과) 혼동되기 쉬우나 다른 주소입니다.",
        Why.BORROWS: "주소에 {name}의 이름이 쓰였으나 다른 주소입니다.",
        Why.LETTERS: "주소에 다른 글자로 오인될 수 있는 글자가 있습니다.",
        Why.DISGUISED: "어디로 연결되는지 알아보기 어렵게 쓰인 주소입니다.",
        Why.NUMBERS: "이름이 아니라 숫자로만 된 주소입니다.",
        Why.PORT: "서버의 일반적이지 않은 포트로 연결됩니다.",
        Why.LONG: "주소가 너무 길어 중요한 끝부분을 놓치기 쉽습니다.",
        Why.NEW: "이곳에서 이 주소가 든 메일을 받은 적이 없습니다.",
        Why.WORDS: "메일에는 {name}(으)로 표시되어 있으나 다른 주소로 연결됩니다.",
        Why.ONWARD: "다른 주소로 다시 연결됩니다.",
        Why.SHARE: "외부 컴퓨터의 폴더를 여는 링크로, 그 과정에서 비밀번호가 알려질 수 있습니다.",
        Why.FILE: "프로그램을 내려받습니다.",
    },
    go_on_hint="보낸 사람을 알고 예상하신 링크일 때만 계속 진행해 주세요. 그곳에서 비밀번호를 입력하거나 "
    "내려받은 파일을 열지 마세요. 계속 진행한 사실은 기록됩니다.",
    go_on="그래도 계속하기",
    override_hint="그래도 이동해야 한다면 이유를 적어 주세요. 이유는 기록되며 관리자가 확인합니다.",
    override_reason="이유",
    override="이유를 남기고 계속하기",
    look_again="지금 다시 확인하기",
    report_title="관리자에게 알리기",
    report_done="의견을 전달했습니다",
    report_hint="어느 쪽이든 다른 사람을 보호하는 데 도움이 됩니다.",
    report_more="덧붙일 말 쓰기",
    report_text="관리자가 알아야 할 내용",
    report={
        ReaderReportKind.MISTAKE: "잘못된 판단입니다",
        ReaderReportKind.PHISHING: "사기 메일입니다",
    },
    reported={
        ReaderReportKind.MISTAKE: "감사합니다. 잘못된 판단이라는 의견이 관리자에게 전달됩니다.",
        ReaderReportKind.PHISHING: "감사합니다. 사기 메일이라는 의견이 관리자에게 전달됩니다.",
    },
    reason_missing="이유를 간단히라도 적어 주세요.",
    not_now="지금은 기록할 수 없습니다. 몇 분 후 다시 시도해 주세요.",
    contact="문의",
)
