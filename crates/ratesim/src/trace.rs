use onair_netsim::Noise;

/// What a line carries over time.
#[derive(Clone, Debug)]
pub struct Trace {
    name: String,
    /// From a millisecond on, kilobits per second.
    steps: Vec<(u64, u64)>,
}

/// How long a broadcast over a trace takes, in milliseconds.
pub const LENGTH: u64 = 60_000;

impl Trace {
    /// A trace of `t_ms,kbps` lines below a header.
    ///
    /// # Panics
    ///
    /// On anything else.
    pub fn parse(name: &str, csv: &str) -> Self {
        let number = |text: &str| text.trim().parse().expect("a number");
        let step = |line: &str| {
            let (at, kbps) = line.split_once(',').expect("a comma");
            (number(at), number(kbps))
        };
        Self {
            name: name.to_owned(),
            steps: csv.lines().skip(1).map(step).collect(),
        }
    }

    /// The traces in `traces/`.
    pub fn recorded() -> Vec<Self> {
        RECORDED
            .iter()
            .map(|(name, csv)| Self::parse(name, csv))
            .collect()
    }

    /// Nothing but a rate.
    pub fn steady(kbps: u64) -> Self {
        Self {
            name: format!("steady-{kbps}"),
            steps: vec![(0, kbps)],
        }
    }

    /// Between two rates and back, for as long at each.
    pub fn square(high: u64, low: u64, half: u64) -> Self {
        let step = |index: u64| {
            (
                index * half,
                if index.is_multiple_of(2) { high } else { low },
            )
        };
        Self {
            name: format!("square-{high}-{low}-{half}"),
            steps: (0..=LENGTH / half).map(step).collect(),
        }
    }

    /// A seeded random walk between 300 kbit/s and 8 Mbit/s: each 200 ms up to a sixth up or down, now and then
    /// a jump.
    pub fn walk(seed: u64) -> Self {
        let mut noise = Noise::new(seed);
        let mut kbps = noise.within(&(1000..=6000));
        let mut step = |index: u64| {
            let percent = match noise.within(&(0..=49)) {
                0 => noise.within(&(25..=300)),
                _ => noise.within(&(86..=116)),
            };
            kbps = (kbps * percent / 100).clamp(300, 8000);
            (index * 200, kbps as u64)
        };
        let steps = (0..LENGTH / 200).map(&mut step).collect();
        Self {
            name: format!("walk-{seed}"),
            steps,
        }
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Kilobits per second, which are bits per millisecond.
    pub fn kbps(&self, ms: u64) -> u64 {
        let later = self.steps.partition_point(|(from, _)| *from <= ms);
        let step = self.steps.get(later.saturating_sub(1));
        step.map_or(0, |(_, kbps)| *kbps)
    }

    /// The bytes that it carries, of at most `most` kilobits per second.
    pub fn bytes(&self, most: u64) -> u64 {
        (0..LENGTH).map(|ms| self.kbps(ms).min(most)).sum::<u64>() / 8
    }

    /// The least that it carries at any time.
    pub fn least(&self) -> u64 {
        self.steps.iter().map(|(_, kbps)| *kbps).min().unwrap_or(0)
    }

    /// The moments at which it comes back: from less than half of `most` to more, for five seconds each.
    pub fn returns(&self, most: u64) -> Vec<u64> {
        let pairs = self.steps.windows(2);
        pairs
            .filter(|pair| pair[0].1 < most / 2 && pair[1].1 >= most)
            .map(|pair| pair[1].0)
            .filter(|at| (*at..at + 5000).all(|ms| self.kbps(ms) >= most))
            .collect()
    }
}

macro_rules! recorded {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("../traces/", $name, ".csv")))),*]
    };
}

const RECORDED: [(&str, &str); 9] = recorded!(
    "att-lte-weak"
    "cliff-8-600-8"
    "outage-6s"
    "sawtooth"
    "steady-3000"
    "step-6-1500-6"
    "tmobile-lte"
    "tmobile-umts"
    "verizon-lte"
);
