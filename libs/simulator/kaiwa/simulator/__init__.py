"""Meta in a box, for laptops and tests: the platform's webhooks, Send API, rules and faults on a loopback port.

It judges the services and shares nothing with them but Meta's signatures and spelling of JSON.

    from kaiwa.simulator.simulator import Simulator

    async with Simulator(seed=1) as sim:
        sim.app("1001", callback_url="http://127.0.0.1:8080/webhooks/instagram")
        shop = sim.account(login="facebook")
        alice = sim.customer(shop)
        mid = alice.write("Do you have it in blue?")
        await sim.settled()
        assert not sim.books.violations()
"""
